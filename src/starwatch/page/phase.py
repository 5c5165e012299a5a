"""Whether numbers still move, and the words for it; the same as `static/phase.js`."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

Name = Literal["running", "finished", "stopped"]


@dataclass(frozen=True, slots=True)
class Phase:
    """What a page says of the job that made its numbers.

    Attributes:
        name: Whether a process works on it, it came to its end, or it was stopped.
        of: What it is.
        until: What stands behind a stretch of time that ends with the newest window.
        last_ms: When the newest rating came; of a replay, when it was given; None before the first.
    """

    name: Name
    of: str
    until: str
    last_ms: int | None

    @property
    def running(self) -> bool:
        """Whether a process works on it."""
        return self.name == "running"

    @property
    def finished(self) -> bool:
        """Whether all windows are closed, and none will open."""
        return self.name == "finished"


_UNTIL: Mapping[Name, str] = {
    "running": "",
    "finished": " of the replay",
    "stopped": " before it stopped",
}


def phase_of(status: Mapping[str, Any]) -> Phase:
    """The phase of a state.

    Args:
        status: As the API answers it.
    """
    name: Name = "running" if status["running"] else "finished" if status["finished"] else "stopped"
    of = "service" if status["live"] else "replay" if status["windows"] else "state"
    return Phase(name, of, _UNTIL[name], _last_ms(status))


def _last_ms(status: Mapping[str, Any]) -> int | None:
    if not status["live"]:
        newest: int | None = status["newest_ms"]
        return newest
    age: int | None = status["data_age_ms"]
    return None if age is None else status["now_ms"] - age
