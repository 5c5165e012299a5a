"""Connects to a broker as often as it takes, by the version of MQTT that the broker knows."""

from collections.abc import Sequence
from dataclasses import dataclass

from starwatch.errors import BadSetting, SourceFailed
from starwatch.mqtt.address import Address
from starwatch.mqtt.connection import Connection, OtherVersion
from starwatch.mqtt.packets import V5, V311, Hello, granted

SESSION_OPTIONS = {
    "qos": int,
    "client_id": str,
    "keepalive": int,
    "session_expiry": int,
    "in_flight": int,
    "max_message": int,
}
"""Options of an address that are about the session."""

_REFUSED = 0x80


@dataclass(frozen=True, slots=True)
class Limits:
    """What is asked of the broker, and how much is taken.

    Attributes:
        qos: The highest quality of service that is subscribed with.
        client_id: Who the session belongs to; None: made up once, and remembered.
        keepalive: Seconds of silence after which the connection counts as lost.
        session_expiry: Seconds for which the broker keeps the session (MQTT 5).
        in_flight: Messages that it may send without an answer (MQTT 5).
        max_message: Bytes of a message, packed and unpacked; larger ones are rejected.
        max_topics: Topics that have a partition of their own.
    """

    qos: int = 1
    client_id: str | None = None
    keepalive: int = 20
    session_expiry: int = 7 * 86_400
    in_flight: int = 1000
    max_message: int = 8 << 20
    max_topics: int = 1000

    def __post_init__(self) -> None:
        """Refuse what cannot be."""
        ranges = {
            "qos": (0, 2),
            "keepalive": (1, 65_535),
            "session_expiry": (0, 0xFFFF_FFFF),
            "in_flight": (1, 65_535),
            "max_message": (1, 1 << 28),
            "max_topics": (1, 1_000_000),
        }
        for name, (low, high) in ranges.items():
            if not low <= (value := getattr(self, name)) <= high:
                allowed = "0, 1 or 2" if name == "qos" else f"a number from {low:,} to {high:,}"
                raise BadSetting(
                    f"the MQTT option {name} cannot be {value}", hint=f"It is {allowed}"
                )


class Dialler:
    """Makes connections to one broker.

    Args:
        address: Where, and who asks.
        limits: What is asked of the broker.

    Attributes:
        protocol: 4 or 5; the version that the last connection speaks.
    """

    def __init__(self, address: Address, limits: Limits) -> None:
        self._address = address
        self._limits = limits
        self.protocol = address.protocol or V5

    def connect(self, client: str) -> Connection:
        """Connect, by the version that was asked for, or by the one that the broker knows."""
        try:
            return self._spoken(client)
        except OtherVersion:
            if self._address.protocol or self.protocol != V5:
                raise self._unknown_version() from None
        self.protocol = V311
        try:
            return self._spoken(client)
        except OtherVersion:
            raise self._unknown_version() from None
        except SourceFailed:
            self.protocol = V5  # it was away, not old
            raise

    def _unknown_version(self) -> SourceFailed:
        return SourceFailed(
            f"{self._address.broker} does not speak this version of MQTT",
            hint="Leave the option protocol out",
        )

    def _spoken(self, client: str) -> Connection:
        hello = Hello(
            client=client,
            protocol=self.protocol,
            keepalive=self._limits.keepalive,
            user=self._address.user,
            password=self._address.password,
            session_seconds=self._limits.session_expiry,
            in_flight=self._limits.in_flight,
        )
        return Connection(self._address, hello, self._limits.max_message)


def lowered(topics: Sequence[str], body: bytes, protocol: int, qos: int) -> dict[str, int]:
    """The topics that a broker gives at a lower QoS than was asked for, by its SUBACK.

    Raises:
        SourceFailed: it refuses one.
    """
    lower = {}
    for topic, code in zip(topics, granted(body, protocol), strict=False):
        if code >= _REFUSED:
            raise SourceFailed(
                f"the broker refuses the topic {topic!r}",
                hint="Does it let this user read it?",
            )
        if code < qos:
            lower[topic] = code
    return lower
