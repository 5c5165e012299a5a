"""A deployed flow stopped and started, and seen to work."""

import socket
import time
from collections.abc import Callable
from http.client import HTTPConnection, HTTPException
from typing import Any
from urllib.parse import urlsplit

from starwatch.errors import NifiFailed
from starwatch.nifi.parts import Flow
from starwatch.nifi.rest import Nifi

SECONDS = 150.0
"""How long NiFi has for each step: it looks at its parts every few seconds, a post may take 90."""

_CLOSING = 20.0
"""Seconds for which the port of a flow that was stopped may still be open."""

_PAUSE = 0.25


def processors(nifi: Nifi, group: str) -> list[dict[str, Any]]:
    """The processors of a group, as NiFi tells of them."""
    told = nifi.ask("GET", f"/flow/process-groups/{group}")
    return list(told["processGroupFlow"]["flow"]["processors"])


def services(nifi: Nifi, group: str) -> list[dict[str, Any]]:
    """The controller services of a group itself."""
    path = f"/flow/process-groups/{group}/controller-services?includeAncestorGroups=false"
    return list(nifi.ask("GET", path)["controllerServices"])


class Running:
    """The parts of one deployed flow: started, stopped.

    Args:
        nifi: Where.
        group: Id of its process group.
        flow: What is in it; what else is there is let be, but for starts and stops.
        seconds: How long each step may take.
    """

    def __init__(self, nifi: Nifi, group: str, flow: Flow, seconds: float = SECONDS) -> None:
        self._nifi = nifi
        self._group = group
        self._first = flow.processors[0].name
        self._steps = {step.name for step in flow.processors}
        self._helpers = {service.name for service in flow.services}
        self._seconds = seconds

    def start(self, listens: str | None, *, new: bool) -> None:
        """Enable services, start processors, wait until they run; nothing if they do.

        Args:
            listens: A URL that answers 200 once the first step listens; None: it does not.
            new: Whether it never ran.

        Raises:
            NifiFailed: a part is not valid, or does not come up in time.
        """
        self._enable()
        seen = self._last_bulletin()
        self._await(self._processors, "VALID", _validity)
        if late := self._others(self._processors, "RUNNING", _state):
            if listens is not None and self._first in {part["name"] for part in late}:
                _refuse_taken(listens, 0 if new else _CLOSING)
            self._order("RUNNING")
            self._await(self._processors, "RUNNING", _state)
        if listens is not None:
            self._await_listening(listens, seen)

    def stop(self) -> None:
        """Stop processors, and wait until none of their threads is at work.

        Raises:
            NifiFailed: it does not come about in time.
        """
        self._order("STOPPED")
        self._await(self._processors, "STOPPED", _state)
        path = f"/flow/process-groups/{self._group}"

        def quiet() -> bool:
            status = self._nifi.ask("GET", f"{path}/status")["processGroupStatus"]
            return not status["aggregateSnapshot"]["activeThreadCount"]

        if not _wait(quiet, self._seconds):
            raise NifiFailed(f"processors at {self._page} do not stop", hint="Look at them there")

    def disable(self) -> None:
        """Disable services, which processors that are stopped no longer use.

        Raises:
            NifiFailed: it does not come about in time.
        """
        self._order("DISABLED", "/controller-services")
        self._await(self._services, "DISABLED", _state)

    def _enable(self) -> None:
        if self._others(self._services, "ENABLED", _state):
            self._await(self._services, "VALID", _validity)
            self._order("ENABLED", "/controller-services")
            self._await(self._services, "ENABLED", _state)

    def _order(self, state: str, what: str = "") -> None:
        path = f"/flow/process-groups/{self._group}{what}"
        self._nifi.ask("PUT", path, {"id": self._group, "state": state})

    def _processors(self) -> list[dict[str, Any]]:
        told = processors(self._nifi, self._group)
        return [part["component"] for part in told if part["component"]["name"] in self._steps]

    def _services(self) -> list[dict[str, Any]]:
        told = services(self._nifi, self._group)
        return [part["component"] for part in told if part["component"]["name"] in self._helpers]

    def _others(
        self,
        parts: Callable[[], list[dict[str, Any]]],
        wanted: str,
        state: Callable[[dict[str, Any]], str],
    ) -> list[dict[str, Any]]:
        return [part for part in parts() if state(part) != wanted]

    def _await(
        self,
        parts: Callable[[], list[dict[str, Any]]],
        wanted: str,
        state: Callable[[dict[str, Any]], str],
    ) -> None:
        if _wait(lambda: not self._others(parts, wanted, state), self._seconds):
            return
        late = self._others(parts, wanted, state)
        if late:
            part = late[0]
            why = " ".join(" ".join(part.get("validationErrors") or ()).split())
            what = f"{part['name']} is {state(part)}, and does not become {wanted}"
            raise NifiFailed(f"{what}: {why}" if why else what, hint=f"See {self._page}")

    def _await_listening(self, url: str, seen: int) -> None:
        """Wait until the first step answers; what NiFi says went wrong meanwhile is told."""
        end = time.monotonic() + self._seconds
        while not _answers(url):
            failed = [b["message"] for b in self._bulletins(seen) if b["level"] == "ERROR"]
            if failed:
                why = failed[-1].splitlines()[-1].removeprefix("- Caused by: ")
                raise NifiFailed(
                    f"the flow does not listen at {url.removesuffix('/healthcheck')}: {why}",
                    hint="Give another port: --from http://HOST:PORT/PATH",
                )
            if time.monotonic() > end:
                raise NifiFailed(
                    f"the flow runs, but {url} does not answer",
                    hint="The host in --from must be that of NiFi, and the port open",
                )
            time.sleep(_PAUSE)

    def _last_bulletin(self) -> int:
        return max((bulletin["id"] for bulletin in self._bulletins(-1)), default=-1)

    def _bulletins(self, after: int) -> list[dict[str, Any]]:
        """What its processors complained about, the oldest first."""
        path = f"/flow/bulletin-board?groupId={self._group}&after={after}"
        told = self._nifi.ask("GET", path)["bulletinBoard"]["bulletins"]
        return [each["bulletin"] for each in told if "bulletin" in each]

    @property
    def _page(self) -> str:
        return self._nifi.page(self._group)


def _validity(part: dict[str, Any]) -> str:
    return str(part["validationStatus"])


def _state(part: dict[str, Any]) -> str:
    return str(part["state"])


def _refuse_taken(url: str, seconds: float) -> None:
    """A step that does not run listens nowhere: who does is somebody else, or just ends.

    Raises:
        NifiFailed: the port is not free within these seconds.
    """
    parts = urlsplit(url)

    def free() -> bool:
        try:
            socket.create_connection((parts.hostname or "", parts.port or 80), timeout=5).close()
        except OSError:
            return True
        return False

    if not _wait(free, seconds):
        raise NifiFailed(
            f"something else listens on port {parts.port} of {parts.hostname} already",
            hint="Give another one: --from http://HOST:PORT/PATH",
        )


def _answers(url: str) -> bool:
    parts = urlsplit(url)
    connection = HTTPConnection(parts.hostname or "", parts.port, timeout=5)
    try:
        connection.request("GET", parts.path)
        return connection.getresponse().status == 200  # noqa: PLR2004
    except (OSError, HTTPException):
        return False
    finally:
        connection.close()


def _wait(done: Callable[[], bool], seconds: float) -> bool:
    end = time.monotonic() + seconds
    while not done():
        if time.monotonic() > end:
            return False
        time.sleep(_PAUSE)
    return True
