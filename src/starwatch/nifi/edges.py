"""Where messages come from and where they go, read from addresses: the first and the last step."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import unquote

from starwatch.errors import BadSetting
from starwatch.nifi.parts import FUNNEL, Connection, Processor

USUAL: Mapping[str, tuple[str, str]] = {
    "mqtt": ("mqtt://127.0.0.1:1883/ratings", "kafka://127.0.0.1:9092/ratings"),
    "http": ("http://127.0.0.1:8085/ratings", "http://127.0.0.1:8086/ratings"),
}
"""Addresses by the kind of edges, where none is given."""

STANDARD = ("org.apache.nifi.processors.standard", "nifi-standard-nar")
"""Package of the processors that every NiFi has, and the artifact of their NAR."""

_PORTS = {"mqtt": 1883, "kafka": 9092, "http": 80, "https": 443}
_FROM = "It reads mqtt://HOST:PORT/TOPIC, or http://HOST:PORT/PATH to listen there"
_TO = "It reads kafka://HOST:PORT/TOPIC, or http://HOST:PORT/PATH to post there"


@dataclass(frozen=True, slots=True)
class Inlet:
    """The first step.

    Args:
        step: The processor.
        message: The relationship to which it gives messages.
        listens: The URL that answers 200 once it listens; None: it does not listen.
    """

    step: Processor
    message: str
    listens: str | None = None


@dataclass(frozen=True, slots=True)
class Outlet:
    """The last step.

    Args:
        step: The processor.
        queues: Where goes what it could not deliver.
    """

    step: Processor
    queues: tuple[Connection, ...]


def inlet(url: str, group: str) -> Inlet:
    """The step that takes messages from `mqtt://HOST:PORT/TOPIC`, or at `http://HOST:PORT/PATH`.

    Args:
        url: Where messages come from.
        group: Of the flow: a broker keeps what comes while NiFi is away for a client of its name.

    Raises:
        BadSetting: it cannot be read, or NiFi can take nothing there.
    """
    scheme, places, path = _read("--from", url, ("mqtt", "http"), _FROM)
    if len(places) > 1:
        raise BadSetting(f"--from {url} names several hosts", hint=_FROM)
    if scheme == "mqtt":
        return _consume_mqtt(places[0], path, group)
    if {*path} & {*"?#"}:
        raise BadSetting(f"--from {url} is more than a path", hint=_FROM)
    return _listen_http(places[0], path)


def outlet(url: str) -> Outlet:
    """The step that gives messages to `kafka://HOST:PORT/TOPIC`, or to `http://HOST:PORT/PATH`.

    Raises:
        BadSetting: it cannot be read, or NiFi can give nothing there.
    """
    scheme, places, path = _read("--to", url, ("kafka", "http", "https"), _TO)
    if scheme == "kafka":
        return _publish_kafka(places, path)
    if len(places) > 1:
        raise BadSetting(f"--to {url} names several hosts", hint=_TO)
    return _invoke_http(url)


def _consume_mqtt(place: str, topic: str, group: str) -> Inlet:
    """At least once, but for what NiFi holds in memory when it is killed."""
    properties = {
        "Broker URI": f"tcp://{place}",
        "Topic Filter": unquote(topic),
        "Quality of Service(QoS)": "1",
        "Client ID": "nifi-" + re.sub(r"[^a-z0-9]+", "-", group.lower()),
        "Session state": "false",  # kept by the broker: the name means "clean session"
        "Max Queue Size": "10000",
    }
    step = Processor(
        name="ConsumeMQTT",
        type="org.apache.nifi.processors.mqtt.ConsumeMQTT",
        bundle="nifi-mqtt-nar",
        properties=properties,
        ended=("parse.failure",),  # nothing goes there unless it is given a reader
    )
    return Inlet(step, "Message")


def _listen_http(place: str, path: str) -> Inlet:
    host, _, port = place.rpartition(":")
    step = Processor(
        name="ListenHTTP",
        type=f"{STANDARD[0]}.ListenHTTP",
        bundle=STANDARD[1],
        properties={"Listening Port": port, "Base Path": path},
    )
    return Inlet(step, "success", f"http://{host}:{port}/{path}/healthcheck")


def _publish_kafka(places: list[str], topic: str) -> Outlet:
    step = Processor(
        name="PublishKafka",
        type="org.apache.nifi.processors.kafka.pubsub.PublishKafka_2_6",
        bundle="nifi-kafka-2-6-nar",
        properties={
            "bootstrap.servers": ",".join(places),
            "topic": unquote(topic),
            "acks": "all",
            "use-transactions": "false",
        },
        ended=("success",),
    )
    return Outlet(step, (Connection(step.name, ("failure",), step.name, "again"),))


def _invoke_http(url: str) -> Outlet:
    step = Processor(
        name="InvokeHTTP",
        type=f"{STANDARD[0]}.InvokeHTTP",
        bundle=STANDARD[1],
        properties={
            "HTTP Method": "POST",
            "Remote URL": url,
            "Read Timeout": "90 secs",  # `starwatch bridge` answers after a minute at the latest
        },
        ended=("Original", "Response"),
        retried=("No Retry",),  # 429, "too many", is among them
    )
    again = Connection(step.name, ("Retry", "Failure"), step.name, "again")
    refused = Connection(step.name, ("No Retry",), FUNNEL, "refused by the receiver", limit=0)
    return Outlet(step, (again, refused))


def _read(option: str, url: str, schemes: tuple[str, ...], form: str) -> tuple[str, list[str], str]:
    """Scheme, `HOST:PORT` of each host, and what is behind: a topic or a path.

    Raises:
        BadSetting: it cannot be read.
    """
    scheme, _, rest = url.partition("://")
    if scheme not in schemes:
        known = " or ".join(f"{each}://" for each in schemes)
        raise BadSetting(f"{option} does not begin with {known}", hint=form)
    hosts, _, path = rest.partition("/")
    if "@" in hosts:
        raise BadSetting(
            f"{option} names a user or a password, which everyone could read in the flow",
            hint="Leave it out, and set it at the processor in NiFi: it stays set",
        )
    places = [_place(host, _PORTS[scheme]) for host in hosts.split(",")]
    if None in places or not path.strip("/"):
        raise BadSetting(f"{option} {url} cannot be read", hint=form)
    return scheme, [place for place in places if place], path.strip("/")


def _place(text: str, usual: int) -> str | None:
    """`HOST:PORT`, or None if that cannot be."""
    match = re.fullmatch(r"(\[[0-9a-fA-F:.]+\]|[^:\s\[\]]+)(?::(\d{1,5}))?", text)
    if match is None:
        return None
    port = int(match[2] or usual)
    return f"{match[1]}:{port}" if 0 < port < 1 << 16 else None
