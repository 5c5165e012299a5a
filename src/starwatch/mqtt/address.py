"""Where an MQTT broker is and what is asked of it, read from a URL and options."""

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import unquote

from starwatch.codecs.hints import choose_from
from starwatch.errors import BadSetting

PORTS = {"mqtt": 1883, "mqtts": 8883}
PROTOCOLS = {"auto": 0, "3.1.1": 4, "5": 5}
"""Names of protocol versions and their numbers in CONNECT; 0: 5 if the broker knows it, else 4."""

USER, PASSWORD = "MQTT_USER", "MQTT_PASSWORD"
"""Environment variables that are asked where neither the URL nor an option says it."""

_LONGEST_TOPIC = 65_535
_FORM = "A URL reads mqtt://HOST:PORT/TOPIC, or mqtts:// for TLS; ?topic=OTHER adds a topic"


@dataclass(frozen=True, slots=True)
class Address:
    """A broker, topics, and who asks.

    Attributes:
        scheme: `mqtt` or `mqtts`.
        host: Name or number.
        port: 1 to 65535.
        topics: Topics, or topic filters, in the order given.
        user: Who asks; None: nobody in particular.
        password: Shown to nobody.
        ca_file: PEM file of the authorities that may vouch for the broker; None: the system's.
        certificate: PEM file of this client's certificate and key, where the broker asks for one.
        protocol: 4 (3.1.1), 5, or 0: 5 if the broker knows it.
        options: All that was said besides, by name, for whoever asked.
    """

    scheme: str
    host: str
    port: int
    topics: tuple[str, ...]
    user: str | None = None
    password: str | None = field(default=None, repr=False)
    ca_file: str | None = None
    certificate: str | None = None
    protocol: int = 0
    options: Mapping[str, Any] = field(default_factory=dict, repr=False)

    @property
    def broker(self) -> str:
        """The URL of the broker alone, without any secret."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{self.scheme}://{host}:{self.port}"

    @property
    def name(self) -> str:
        """The URL without any secret."""
        return f"{self.broker}/{','.join(self.topics)}"


_SHARED = ("user", "password", "password_file", "ca_file", "certificate", "protocol", "topic")


def parse(url: str, options: Mapping[str, Any], own: Mapping[str, type]) -> Address:
    """Read a URL: `mqtt://USER:PASSWORD@HOST:PORT/TOPIC?option=value`.

    A topic is taken as it stands, `#` and `+` among it; `%` escapes what a URL cannot hold.

    Args:
        url: As the user wrote it.
        options: What else was said; a value in the URL goes before.
        own: Options that the caller knows besides those of every address, and their types.

    Raises:
        BadSetting: it cannot be read, or an option is unknown or impossible.
    """
    scheme, _, rest = url.partition("://")
    if scheme not in PORTS:
        raise BadSetting("this is no URL of an MQTT broker", hint=_FORM)
    rest, _, query = rest.partition("?")
    netloc, _, topic = rest.partition("/")
    login, _, place = netloc.rpartition("@")
    host, port = _place(place, PORTS[scheme])
    given = dict(options) | _query(query)
    _refuse_unknown(given, own)
    user, colon, password = login.partition(":")
    return Address(
        scheme=scheme,
        host=host,
        port=port,
        topics=_topics(unquote(topic), given.get("topic", ())),
        user=unquote(user) or given.get("user") or os.environ.get(USER),
        password=unquote(password) if colon else _password(given),
        ca_file=_file(given, "ca_file"),
        certificate=_file(given, "certificate"),
        protocol=_protocol(str(given.get("protocol", "auto"))),
        options={name: _typed(name, given[name], own[name]) for name in own if name in given},
    )


def split_place(url: str) -> tuple[str, int]:
    """Host and port of a URL of a broker.

    Raises:
        BadSetting: it cannot be read.
    """
    scheme, _, rest = url.partition("://")
    netloc = rest.partition("?")[0].partition("/")[0]
    return _place(netloc.rpartition("@")[2], PORTS.get(scheme, 0))


def _place(text: str, default: int) -> tuple[str, int]:
    host, colon, port = text.rpartition(":")
    if not colon or port.endswith("]"):
        host, port = text, str(default)
    host = host.removeprefix("[").removesuffix("]")
    if not host or not port.isdecimal() or not 0 < int(port) <= 65_535:  # noqa: PLR2004
        raise BadSetting("the URL of the broker names no host, or an impossible port", hint=_FORM)
    return host, int(port)


def _query(text: str) -> dict[str, Any]:
    """Options behind the question mark; `topic` may come several times."""
    found: dict[str, Any] = {}
    topics: list[str] = []
    for part in filter(None, text.split("&")):
        name, _, value = part.partition("=")
        if name == "topic":
            topics.append(unquote(value))
        else:
            found[name] = unquote(value)
    return found | ({"topic": topics} if topics else {})


def _refuse_unknown(given: Mapping[str, Any], own: Mapping[str, type]) -> None:
    known = [*_SHARED, *own]
    for name in given:
        if name not in known:
            raise BadSetting(
                f"an MQTT address has no option {name!r}", hint=choose_from(name, known)
            )


def _topics(first: str, more: str | list[str] | tuple[str, ...]) -> tuple[str, ...]:
    others = [more] if isinstance(more, str) else list(more)
    topics = tuple(dict.fromkeys(topic for topic in [first, *others] if topic))
    for topic in topics:
        if "\0" in topic or len(topic.encode()) > _LONGEST_TOPIC or not _levels_fit(topic):
            raise BadSetting(
                f"the topic {topic[:80]!r} cannot be",
                hint="`+` stands for one level, `#` for all that follow, each between slashes",
            )
    return topics


def _levels_fit(topic: str) -> bool:
    levels = topic.split("/")
    alone = all(level in ("+", "#") or not {"+", "#"} & set(level) for level in levels)
    return alone and "#" not in levels[:-1]


def _password(given: Mapping[str, Any]) -> str | None:
    file = _file(given, "password_file")
    if file is not None:
        return Path(file).read_text(encoding="utf-8").rstrip("\r\n")
    password = given.get("password")
    return str(password) if password is not None else os.environ.get(PASSWORD)


def _file(given: Mapping[str, Any], name: str) -> str | None:
    path = given.get(name)
    if path is not None and not Path(path).is_file():
        raise BadSetting(f"the file {path} of the option {name} is not there")
    return None if path is None else str(path)


def _protocol(name: str) -> int:
    if name not in PROTOCOLS:
        raise BadSetting(f"MQTT {name} is unknown", hint=choose_from(name, PROTOCOLS, "protocol="))
    return PROTOCOLS[name]


def _typed(name: str, value: Any, kind: type) -> Any:
    try:
        return kind(value)
    except (TypeError, ValueError):
        what = "a whole number" if kind is int else "text"
        raise BadSetting(f"the option {name} cannot be {value!r}", hint=f"It is {what}") from None
