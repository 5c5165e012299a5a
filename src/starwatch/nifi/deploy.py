"""A flow on a running NiFi: made, mended where a setting differs, or left as it is."""

from dataclasses import dataclass
from typing import Any

from starwatch.errors import NifiFailed
from starwatch.nifi.bundles import versions_for
from starwatch.nifi.definition import definition
from starwatch.nifi.parts import FUNNEL, Flow
from starwatch.nifi.rest import Nifi
from starwatch.nifi.running import Running, processors, services


@dataclass(frozen=True, slots=True)
class Deployed:
    """A flow that runs.

    Args:
        group: Id of its process group.
        made: Whether it was made now.
        mended: Settings that were others, as `processor: setting`.
    """

    group: str
    made: bool
    mended: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Change:
    """Settings of one part that are others than they should be."""

    kind: str
    id: str
    name: str
    properties: dict[str, str]

    def make(self, nifi: Nifi) -> None:
        """Set them; the part must not run."""
        path = f"/{self.kind}/{self.id}"
        revision = nifi.ask("GET", path)["revision"]
        settings: dict[str, Any] = {"properties": self.properties}
        if self.kind == "processors":
            settings = {"config": settings}
        nifi.ask("PUT", path, {"revision": revision, "component": {"id": self.id, **settings}})


def deploy(nifi: Nifi, flow: Flow, listens: str | None) -> Deployed:
    """See that a flow is on a NiFi as it should be, and runs.

    A group of its name is compared with it: parts that it has are set as they should be, where they
    are not, for which the group is stopped; what waits in its queues stays. Settings that the flow
    does not name, and parts that were added by hand, are let be.

    Args:
        nifi: Where.
        flow: Which.
        listens: A URL that answers 200 once its first step listens; None: it does not.

    Raises:
        MissingBundle: NiFi lacks processors that the flow needs.
        NifiFailed: it does not answer, refuses, has another flow of this name, or the flow does not
            come up.
    """
    versions = versions_for(nifi, flow)
    told = nifi.ask("GET", "/flow/process-groups/root")["processGroupFlow"]
    groups = [part["id"] for part in told["flow"]["processGroups"] if _name(part) == flow.name]
    if len(groups) > 1:
        raise NifiFailed(
            f"{nifi.url} has {len(groups)} process groups named {flow.name}",
            hint="Delete all but one there, or take another name: --group",
        )
    if not groups:
        group = nifi.upload(told["id"], flow.name, definition(flow, versions))
        changes: list[_Change] = []
    else:
        group = groups[0]
        changes = _changes(nifi, group, flow)
    running = Running(nifi, group, flow)
    if changes:
        running.stop()
        if any(change.kind == "controller-services" for change in changes):
            running.disable()
        for change in changes:
            change.make(nifi)
    running.start(listens, new=not groups)
    mended = tuple(f"{change.name}: {name}" for change in changes for name in change.properties)
    return Deployed(group, not groups, mended)


def _changes(nifi: Nifi, group: str, flow: Flow) -> list[_Change]:
    """What is to be set otherwise in a group of this flow.

    Raises:
        NifiFailed: it is another flow, or lacks a part.
    """
    helpers, steps = services(nifi, group), processors(nifi, group)
    _compare_connections(nifi, group, flow)
    found = []
    ids = {}
    for service in flow.services:
        part = _one(nifi, group, helpers, service.name, service.type)
        ids[service.name] = part["id"]
        now = part["component"]["properties"]
        found.append(_differences("controller-services", part, now, dict(service.properties)))
    for step in flow.processors:
        part = _one(nifi, group, steps, step.name, step.type)
        used = {name: ids[service] for name, service in step.services.items()}
        now = part["component"]["config"]["properties"]
        found.append(_differences("processors", part, now, {**step.properties, **used}))
    return [change for change in found if change.properties]


def _differences(
    kind: str, part: dict[str, Any], now: dict[str, Any], wanted: dict[str, str]
) -> _Change:
    others = {name: value for name, value in wanted.items() if now.get(name) != value}
    return _Change(kind, part["id"], _name(part), others)


def _one(
    nifi: Nifi, group: str, parts: list[dict[str, Any]], name: str, kind: str
) -> dict[str, Any]:
    """The part of this name and Java class."""
    named = [part for part in parts if _name(part) == name and part["component"]["type"] == kind]
    if len(named) != 1:
        raise _other(nifi, group, f"{len(named) or 'no'} {name}")
    return named[0]


def _compare_connections(nifi: Nifi, group: str, flow: Flow) -> None:
    told = nifi.ask("GET", f"/process-groups/{group}/connections")["connections"]
    there = {
        (
            part["component"]["source"]["name"],
            relationship,
            FUNNEL if part["destinationType"] == "FUNNEL" else _end(part),
        )
        for part in told
        for relationship in part["component"].get("selectedRelationships") or ()
    }
    for wanted in flow.connections:
        for relationship in wanted.relationships:
            if (wanted.source, relationship, wanted.target) not in there:
                way = f"no way from {wanted.source} ({relationship}) to {wanted.target}"
                raise _other(nifi, group, way)


def _other(nifi: Nifi, group: str, what: str) -> NifiFailed:
    return NifiFailed(
        f"the process group at {nifi.page(group)} is another flow: it has {what}",
        hint="Delete it there, or take another name: --group",
    )


def _name(part: dict[str, Any]) -> str:
    return str(part["component"]["name"])


def _end(part: dict[str, Any]) -> str:
    return str(part["component"]["destination"]["name"])
