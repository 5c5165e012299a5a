"""A flow as NiFi exports and imports it: a flow definition, one JSON object."""

import uuid
from collections.abc import Mapping
from typing import Any

from starwatch.nifi.parts import FUNNEL, Connection, Flow, Processor, Service

VERSION = "1.18.0"
"""Of the bundles where no NiFi was asked for its own; it takes a definition of another one too."""

GROUP = "org.apache.nifi"
API_BUNDLE = "nifi-standard-services-api-nar"
FIRST_IN_FIRST_OUT = "org.apache.nifi.prioritizer.FirstInFirstOutPrioritizer"

_STEP = 240.0
"""Pixels between two steps on NiFi's page, downwards."""


def definition(flow: Flow, versions: Mapping[str, str] | None = None) -> dict[str, Any]:
    """The definition of a flow. The same flow gives the same definition.

    Args:
        flow: Which.
        versions: Of each bundle that the target has, by artifact.
    """
    return {
        "flowContents": _Writer(flow, versions or {}).group(),
        "externalControllerServices": {},
        "parameterContexts": {},
        "flowEncodingVersion": "1.0",
        "latest": False,
    }


class _Writer:
    """Writes the parts of one flow, which name each other by ids made of their names."""

    def __init__(self, flow: Flow, versions: Mapping[str, str]) -> None:
        self._flow = flow
        self._versions = versions
        self._steps = {step.name: step for step in flow.processors}

    def group(self) -> dict[str, Any]:
        flow = self._flow
        below = len(flow.processors) - 1.0
        return {
            "identifier": self._id(""),
            "name": flow.name,
            "comments": flow.comment,
            "position": {"x": 0.0, "y": 0.0},
            "processGroups": [],
            "remoteProcessGroups": [],
            "inputPorts": [],
            "outputPorts": [],
            "labels": [],
            "variables": {},
            "componentType": "PROCESS_GROUP",
            "processors": [self._processor(step, at) for at, step in enumerate(flow.processors)],
            "controllerServices": [self._service(service) for service in flow.services],
            "funnels": [
                {
                    **self._part(FUNNEL, "FUNNEL"),
                    "position": {"x": 2 * _STEP + 150.0, "y": below * _STEP + 40.0},
                }
            ],
            "connections": [self._connection(each) for each in flow.connections],
        }

    def _processor(self, step: Processor, at: int) -> dict[str, Any]:
        return {
            **self._part(step.name, "PROCESSOR"),
            **self._kind(step),
            "name": step.name,
            "position": {"x": 0.0, "y": at * _STEP},
            "properties": {
                **step.properties,
                **{name: self._id(service) for name, service in step.services.items()},
            },
            "propertyDescriptors": {
                name: {"name": name, "displayName": name, "identifiesControllerService": True}
                for name in step.services
            },
            "style": {},
            "schedulingPeriod": "0 sec",
            "schedulingStrategy": "TIMER_DRIVEN",
            "executionNode": "ALL",
            "penaltyDuration": step.penalty,
            "yieldDuration": "1 sec",
            "bulletinLevel": "WARN",
            "runDurationMillis": 0,
            "concurrentlySchedulableTaskCount": 1,
            "autoTerminatedRelationships": list(step.ended),
            "scheduledState": "ENABLED",
            "retryCount": 10,
            "retriedRelationships": list(step.retried),
            "backoffMechanism": "PENALIZE_FLOWFILE",
            "maxBackoffPeriod": "1 min",
        }

    def _service(self, service: Service) -> dict[str, Any]:
        api = {"type": service.api, "bundle": self._bundle(API_BUNDLE)}
        return {
            **self._part(service.name, "CONTROLLER_SERVICE"),
            **self._kind(service),
            "name": service.name,
            "properties": dict(service.properties),
            "propertyDescriptors": {},
            "controllerServiceApis": [api],
            "scheduledState": "DISABLED",
            "bulletinLevel": "WARN",
        }

    def _connection(self, connection: Connection) -> dict[str, Any]:
        ends = f"{connection.source} {','.join(connection.relationships)} {connection.target}"
        loop = connection.source == connection.target
        return {
            **self._part(ends, "CONNECTION"),
            "name": connection.name,
            "source": self._end(connection.source),
            "destination": self._end(connection.target),
            "labelIndex": 1 if loop else 0,
            "zIndex": 0,
            "bends": self._bends(connection) if loop else [],
            "selectedRelationships": list(connection.relationships),
            "backPressureObjectThreshold": connection.limit,
            "backPressureDataSizeThreshold": "1 GB" if connection.limit else "0 B",
            "flowFileExpiration": "0 sec",
            "prioritizers": [FIRST_IN_FIRST_OUT],
            "loadBalanceStrategy": "DO_NOT_LOAD_BALANCE",
            "partitioningAttribute": "",
            "loadBalanceCompression": "DO_NOT_COMPRESS",
        }

    def _bends(self, connection: Connection) -> list[dict[str, float]]:
        """A loop, drawn to the left of its step."""
        at = [step.name for step in self._flow.processors].index(connection.source) * _STEP
        return [{"x": -150.0, "y": at + 30.0}, {"x": -150.0, "y": at + 90.0}]

    def _end(self, name: str) -> dict[str, Any]:
        kind = "PROCESSOR" if name in self._steps else "FUNNEL"
        return {"id": self._id(name), "type": kind, "groupId": self._id(""), "name": name}

    def _part(self, name: str, kind: str) -> dict[str, Any]:
        return {
            "identifier": self._id(name),
            "componentType": kind,
            "groupIdentifier": self._id(""),
        }

    def _kind(self, part: Processor | Service) -> dict[str, Any]:
        return {"type": part.type, "bundle": self._bundle(part.bundle)}

    def _bundle(self, artifact: str) -> dict[str, str]:
        version = self._versions.get(artifact, VERSION)
        return {"group": GROUP, "artifact": artifact, "version": version}

    def _id(self, name: str) -> str:
        return str(uuid.uuid5(uuid.NAMESPACE_URL, f"starwatch:nifi:{self._flow.name}:{name}"))
