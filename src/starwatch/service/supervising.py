"""Keeps live sources running: each in a thread of its own, begun again when it breaks."""

import logging
import re
import time
from dataclasses import dataclass
from threading import Thread

from starwatch.errors import SourceWaits, StarwatchError
from starwatch.ports import LiveSource
from starwatch.service.doors import LiveDoor
from starwatch.service.pauses import Pauses

_LOG = logging.getLogger(__name__)

_NUMBER = re.compile("[0-9]+")

_WELL_SECONDS = 60.0
"""A source that ran so long before it broke is tried again soon."""


@dataclass(slots=True)
class Health:
    """How a source or a sink is.

    Attributes:
        state: `starting`, `running`, `waiting`, `broken`, `stopped`.
        error: What it waits for or what broke it last, in one line; empty where nothing did.
        failures: How often it broke.
    """

    state: str = "starting"
    error: str = ""
    failures: int = 0

    def knows(self, error: BaseException) -> bool:
        """Whether it broke by the same last; numbers, as of milliseconds, make no difference."""
        return _NUMBER.sub("", self.error) == _NUMBER.sub("", str(error))

    def broke(self, error: BaseException) -> None:
        """Note why."""
        self.state, self.error = "broken", str(error)
        self.failures += 1

    def waits(self, error: BaseException) -> None:
        """Note for what."""
        self.state, self.error = "waiting", str(error)


class Supervised:
    """One live source in its thread.

    Args:
        source: The source.
        door: Its door.
    """

    def __init__(self, source: LiveSource, door: LiveDoor) -> None:
        self.source = source
        self.door = door
        self.health = Health()
        self._thread = Thread(target=self._run, name=source.name, daemon=True)

    def start(self) -> None:
        """Begin to receive."""
        self._thread.start()

    def join(self, seconds: float) -> bool:
        """Wait for its end, behind the service's word to stop; whether it came."""
        self._thread.join(seconds)
        return not self._thread.is_alive()

    def _run(self) -> None:
        pauses = Pauses()
        while not self.door.stopping:
            began = time.monotonic()
            self.health.state = "running"
            try:
                self.source.run(self.door)
            except Exception as error:  # the others go on, whatever it was  # noqa: BLE001
                self._broke(error)
                if self.health.state == "waiting" or time.monotonic() - began >= _WELL_SECONDS:
                    pauses.reset()
                self.door.wait(pauses.next())
            else:
                break
        self.door.connected(value=False)
        self.health.state = "stopped"

    def _broke(self, error: Exception) -> None:
        self.door.connected(value=False)
        again = self.health.knows(error)
        if isinstance(error, SourceWaits):
            self.health.waits(error)
            if not again:
                _LOG.info("source %s waits: %s", self.source.name, error)
            return
        self.health.broke(error)
        if not isinstance(error, StarwatchError):
            _LOG.error("source %s: %s", self.source.name, error, exc_info=error)
        elif not again:
            _LOG.warning("source %s: %s; it is tried again", self.source.name, error)
