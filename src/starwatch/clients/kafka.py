"""Where a Kafka cluster is and how it is reached: `kafka://HOST:PORT/TOPIC?group=starwatch`.

A choice stands in the URL's query or among the options of the settings, which win:

- `user`, `password` or `password_file`, `mechanism` (`PLAIN`, `SCRAM-SHA-256`,
  `SCRAM-SHA-512`): SASL.
- `tls` (`true`), `ca_file`, `certificate`, `key_file`: TLS; the last three, PEM files, mean TLS.
- every name with a dot in it goes to librdkafka as it is, such as `fetch.min.bytes`.
- what else there is, the adapter says.
"""

import logging
import re
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import parse_qsl, unquote, urlsplit

from confluent_kafka import KafkaError, KafkaException

from starwatch.codecs.hints import choose_from
from starwatch.errors import BadSetting

PORT = 9092
MECHANISMS = ("PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512")

_SECURITY = frozenset(
    {"user", "password", "password_file", "mechanism", "tls", "ca_file", "certificate", "key_file"}
)
_FILES = {
    "ca_file": "ssl.ca.location",
    "certificate": "ssl.certificate.location",
    "key_file": "ssl.key.location",
}
_TOPIC = re.compile(r"[A-Za-z0-9._-]{1,249}")
_YES, _NO = ("true", "yes", "on", "1"), ("false", "no", "off", "0")

REFUSALS = {
    KafkaError._AUTHENTICATION,  # noqa: SLF001 - so librdkafka calls its own codes
    KafkaError.SASL_AUTHENTICATION_FAILED,
    KafkaError.TOPIC_AUTHORIZATION_FAILED,
    KafkaError.GROUP_AUTHORIZATION_FAILED,
    KafkaError.CLUSTER_AUTHORIZATION_FAILED,
    KafkaError.TRANSACTIONAL_ID_AUTHORIZATION_FAILED,
    KafkaError._SSL,  # noqa: SLF001
}
"""Codes by which the other side refuses, whatever is tried."""

AWAY = "See that Kafka runs (in a clone: make cluster), and that its URL is right"
DENIED = "See that user, password and TLS are right, and what that user may do"
"""Hints: where no broker answers, and where one refuses."""


_LOG = logging.getLogger(__name__)
"""What librdkafka says itself, which it would otherwise write to standard error as it is."""

_Client = TypeVar("_Client")


@dataclass(frozen=True, slots=True)
class Address:
    """A cluster, topics, and how both are used.

    Attributes:
        hosts: `host:port`, with commas between several.
        topics: Topics; at least one.
        choices: What the adapter asked for, by name, as text.
        config: The connection as librdkafka has it, secrets among it: never shown.
    """

    hosts: str
    topics: tuple[str, ...]
    choices: Mapping[str, str]
    config: Mapping[str, Any] = field(repr=False)

    @property
    def name(self) -> str:
        """The URL without user, secrets and choices."""
        return f"kafka://{self.hosts}/{','.join(self.topics)}"


def read_address(
    url: str,
    options: Mapping[str, Any],
    *,
    known: Collection[str],
    owned: Collection[str],
) -> Address:
    """Read a URL and the options beside it; nothing is connected.

    Args:
        url: `kafka://…`, or the same without its scheme.
        options: What the settings say; they win over the URL.
        known: The names of the adapter's own choices.
        owned: Names of librdkafka that the adapter decides about.

    Raises:
        BadSetting: it cannot be used.
    """
    parts = urlsplit(url)
    user, _, hosts = parts.netloc.rpartition("@")
    name, _, password = user.partition(":")
    query = dict(parse_qsl(parts.query, keep_blank_values=True))
    given = {"user": unquote(name), "password": unquote(password)} if name else {}
    given |= query | {key: _text(value) for key, value in options.items()}
    for key in given:
        _check_name(key, known, owned)
    config: dict[str, Any] = {key: value for key, value in given.items() if "." in key}
    return Address(
        hosts=_hosts(hosts),
        topics=_topics(unquote(parts.path).strip("/")),
        choices={key: value for key, value in given.items() if key in known},
        config=config
        | {"bootstrap.servers": _hosts(hosts), "log_level": 0, "logger": _LOG}
        | _security({key: value for key, value in given.items() if key in _SECURITY}),
    )


def made(factory: Callable[[], _Client]) -> _Client:
    """A client of librdkafka, which looks at its settings when it is made.

    Raises:
        BadSetting: it refuses one of them.
    """
    try:
        return factory()
    except (KafkaException, ValueError, TypeError) as error:
        raise BadSetting(
            f"Kafka's client refuses its settings: {reason(error)}",
            hint="See docs/kafka.md for the options and their names",
        ) from None


def reason(error: BaseException | KafkaError) -> str:
    """What an error of librdkafka says, in one line."""
    told = error.args[0] if isinstance(error, BaseException) and error.args else error
    return str(told.str() if isinstance(told, KafkaError) else told).replace("\n", " ").rstrip(".")


def code(error: BaseException) -> int:
    """The code of an error of librdkafka; 0 where it is none."""
    told = error.args[0] if error.args else None
    return int(told.code()) if isinstance(told, KafkaError) else 0


def _text(value: Any) -> str:
    if hasattr(value, "get_secret_value"):
        value = value.get_secret_value()
    return str(value).lower() if isinstance(value, bool) else str(value)


def _check_name(name: str, known: Collection[str], owned: Collection[str]) -> None:
    if name in owned or name == "bootstrap.servers":
        raise BadSetting(f"the Kafka option {name!r} is decided by Starwatch", hint="Leave it out")
    if "." not in name and name not in known and name not in _SECURITY:
        raise BadSetting(
            f"the Kafka option {name!r} is unknown",
            hint=choose_from(name, sorted({*known, *_SECURITY}), "an option of"),
        )


def _hosts(text: str) -> str:
    hosts = []
    for host in text.split(","):
        try:
            parts = urlsplit(f"//{host}")
            port = parts.port or PORT
        except ValueError:
            raise BadSetting(f"{host!r} is no HOST:PORT of a Kafka broker") from None
        if not parts.hostname:
            raise BadSetting("a Kafka URL names its broker", hint="Write kafka://HOST:PORT/TOPIC")
        shown = f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname
        hosts.append(f"{shown}:{port}")
    return ",".join(hosts)


def _topics(text: str) -> tuple[str, ...]:
    topics = tuple(dict.fromkeys(filter(None, text.split(","))))
    if not topics:
        raise BadSetting("a Kafka URL names its topic", hint="Write kafka://HOST:PORT/TOPIC")
    for topic in topics:
        if not _TOPIC.fullmatch(topic) or topic in {".", ".."}:
            raise BadSetting(
                f"{topic!r} is no name of a Kafka topic",
                hint="Letters, digits, dot, dash and underscore, at most 249",
            )
    return topics


def _security(given: Mapping[str, str]) -> dict[str, Any]:
    config: dict[str, Any] = {}
    for name, key in _FILES.items():
        if name in given:
            if not Path(given[name]).is_file():
                raise BadSetting(
                    f"the file {given[name]} of the Kafka option {name} is not there",
                    hint="Give the path of one that is",
                )
            config[key] = given[name]
    tls = _yes("tls", given.get("tls", "true" if config else "false"))
    if not tls and config:
        raise BadSetting(f"the Kafka option {next(iter(given))} needs TLS", hint="Leave tls out")
    if "user" in given:
        config["sasl.mechanism"] = _mechanism(given.get("mechanism", "PLAIN"))
        config["sasl.username"] = given["user"]
        config["sasl.password"] = _password(given)
    elif given.keys() & {"password", "password_file", "mechanism"}:
        raise BadSetting("a Kafka password needs its user", hint="Give user too")
    protocol = f"{'SASL_' if 'user' in given else ''}{'SSL' if tls else 'PLAINTEXT'}"
    return config | {"security.protocol": protocol}


def _password(given: Mapping[str, str]) -> str:
    path = given.get("password_file")
    if path is None:
        return given.get("password", "")
    try:
        return Path(path).read_text(encoding="utf-8").rstrip("\r\n")
    except (OSError, UnicodeDecodeError) as error:
        what = error.strerror if isinstance(error, OSError) else "it is no text"
        raise BadSetting(f"the password file {path} cannot be read: {what}") from None


def _mechanism(text: str) -> str:
    if text.upper() in MECHANISMS:
        return text.upper()
    raise BadSetting(
        f"the SASL mechanism {text!r} is unknown", hint=choose_from(text, MECHANISMS, "one of")
    )


def _yes(name: str, text: str) -> bool:
    if text.lower() in _YES + _NO:
        return text.lower() in _YES
    raise BadSetting(f"the Kafka option {name} is true or false, not {text!r}")
