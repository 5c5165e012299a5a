"""Ratings from Kafka topics: `kafka://HOST:PORT/TOPIC`."""

import logging
from collections.abc import Callable, Sequence

from starwatch.clients.kafka import Address, read_address
from starwatch.codecs.hints import choose_from
from starwatch.codecs.payloads import Payloads
from starwatch.errors import BadSetting
from starwatch.ports import Door
from starwatch.sources.kafka_assignment import Decoder, Rules, TopicChanged
from starwatch.sources.kafka_cluster import OWNED
from starwatch.sources.kafka_places import FIRST, LAST, Progress, is_place_key
from starwatch.sources.kafka_session import Session, try_config
from starwatch.sources.live import SourceContext
from starwatch.status import LogStatus

GROUP = "starwatch"
"""The group of a source that names none."""

CHOICES = ("group", "from", "instance")
_LOG = logging.getLogger(__name__)


class KafkaSource:
    """One consumer of a group, and every partition that it is given.

    Guarantee: each message of a topic once, in the order of its partition, over any crash. A
    message is known by the id of its topic, its partition and its offset; the position is kept with
    the commit of its ratings, and the consumer seeks there. The group is told behind the commit,
    for others that look at its lag, and for other processes of the group.
    A topic that was deleted and made anew begins at its start. Offsets that the broker has no more
    are logged as an error and counted in `gone`.
    Several processes in one group have a state each, and each rating is in one of them: a process
    that loses a partition commits before it lets go, for ten seconds at most. One that was frozen
    for longer than the session may commit what another has read again meanwhile.
    `run` returns when the service stops, behind the outstanding commits or after three seconds.

    Args:
        address: Where the topics are, and how they are reached.
        payloads: Reads the messages.
        by_arrival: Whether the time of a record is the event time of its ratings.
        claims: Which source of the service reads what, by the id of the topic.
        notes: What else is to be remembered with the messages that were decoded so far.
        at_end: Called where all that is committed in a partition was handed over.
        maker: Who makes topics that are not there yet, in words; empty: nobody that is known.

    Raises:
        BadSetting: a choice cannot be used.
    """

    own_time = True
    knows_its_end = True

    def __init__(  # noqa: PLR0913 - all but two by name
        self,
        address: Address,
        payloads: Decoder,
        *,
        by_arrival: bool,
        claims: dict[str, str] | None = None,
        notes: Callable[[], Sequence[tuple[str, bytes]]] = tuple,
        at_end: Callable[[Door], None] = lambda _: None,
        maker: str = "",
    ) -> None:
        # configuration
        group = address.choices.get("group", GROUP)
        config = {"group.id": group}
        if "instance" in address.choices:
            config["group.instance.id"] = address.choices["instance"]
        self.name = address.name + ("" if group == GROUP else f"?group={group}")
        self._rules = Rules(
            name=self.name,
            address=address,
            config=config,
            payloads=payloads,
            by_arrival=by_arrival,
            unknown=_first_or_last(address.choices.get("from", FIRST)),
            lost=self._lost,
            claims={} if claims is None else claims,
            notes=notes,
            at_end=at_end,
            maker=maker,
        )
        try_config(self._rules)
        # state
        self._progress: Progress | None = None
        self._session: Session | None = None
        self.gone = 0
        """Offsets that should have been read and that the broker had no more."""

    @property
    def cluster(self) -> list[str]:
        """Brokers of the cluster, each `host:port`."""
        return self._rules.address.hosts.split(",")

    @property
    def log_topics(self) -> tuple[str, ...]:
        """The topics that are read."""
        return self._rules.address.topics

    @property
    def positions(self) -> dict[str, int]:
        """By topic id and partition, the offset behind what is committed here."""
        return {} if self._progress is None else self._progress.committed()

    def log_status(self) -> LogStatus:
        """How far it is in the partitions that are its own, and what was lost on the way."""
        return LogStatus([] if self._session is None else self._session.places(), self.gone)

    def run(self, door: Door) -> None:
        """Receive until the service stops.

        Raises:
            SourceFailed: the cluster does not answer or refuses, or a topic is not there.
        """
        if self._progress is None:  # else it knows more: what was handed over and not committed
            noted = door.remembered().items()
            places = {key: value for key, (value, _) in noted if is_place_key(key)}
            self._progress = Progress(places)
        while not door.stopping:
            try:
                with Session(self._rules, door, self._progress) as session:
                    self._session = session
                    session.receive()
            except TopicChanged as change:
                _LOG.warning("source %s: %s", self.name, change)
            finally:
                self._session = None

    def _lost(self, what: str, number: int) -> None:
        self.gone += number
        _LOG.error("source %s: %s", self.name, what)


def kafka_source(url: str, context: SourceContext) -> KafkaSource:
    """A source for a URL; nothing is connected yet.

    Raises:
        BadSetting: the URL or an option cannot be used.
    """
    address = read_address(url, context.options, known=CHOICES, owned=OWNED)
    payloads = Payloads(context.input, context.scale)
    return KafkaSource(address, payloads, by_arrival=context.by_arrival, claims=context.claims)


def _first_or_last(text: str) -> str:
    if text in {FIRST, LAST}:
        return text
    raise BadSetting(
        f"a Kafka topic cannot be read from {text!r}",
        hint=choose_from(text, (FIRST, LAST), "from="),
    )
