"""What a flow of NiFi is made of: processors, services, connections. Values that know no NiFi."""

from collections.abc import Mapping
from dataclasses import dataclass, field

FUNNEL = "funnel"
"""The name of a flow's one funnel, from which nothing goes on: what comes to it is kept."""


@dataclass(frozen=True, slots=True)
class Service:
    """A controller service, which processors use.

    Args:
        name: Shown, and known by.
        type: Its Java class.
        bundle: The artifact of the NAR that has it.
        api: The Java interface that its users ask for.
        properties: By NiFi's own names; those left out have NiFi's defaults.
    """

    name: str
    type: str
    bundle: str
    api: str
    properties: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Processor:
    """A step of the flow.

    Args:
        name: Shown, and known by.
        type: Its Java class.
        bundle: The artifact of the NAR that has it.
        properties: By NiFi's own names; those left out have NiFi's defaults.
        services: Properties whose value is a service: the service's name.
        ended: Relationships behind which nothing comes: what goes there is done with.
        penalty: How long a message waits before it is tried again.
        retried: Relationships behind which a message is first tried ten times more, each time
            after twice as long a while, at most a minute.
    """

    name: str
    type: str
    bundle: str
    properties: Mapping[str, str]
    services: Mapping[str, str] = field(default_factory=dict)
    ended: tuple[str, ...] = ()
    penalty: str = "1 sec"
    retried: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Connection:
    """A queue between two steps.

    Args:
        source: Name of a processor.
        relationships: What of that goes here.
        target: Name of a processor, or `FUNNEL`.
        name: Shown beside it; empty: the relationships are.
        limit: Messages in it at which the source waits; 0: it never does.
    """

    source: str
    relationships: tuple[str, ...]
    target: str
    name: str = ""
    limit: int = 10_000


@dataclass(frozen=True, slots=True)
class Flow:
    """A group of steps.

    Args:
        name: Of the group.
        comment: What it is, shown with it.
        services: In any order.
        processors: From the first to the last.
        connections: Between them and to the funnel.
    """

    name: str
    comment: str
    services: tuple[Service, ...]
    processors: tuple[Processor, ...]
    connections: tuple[Connection, ...]
