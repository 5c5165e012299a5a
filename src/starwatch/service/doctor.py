"""Looks whether a service would work as it is set up: each source is tried for a few seconds.

A source runs as it would in a service, but by a name of its own for this look (`LOOKING`), and
nothing that it hands over is committed or acknowledged.
"""

import os
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from threading import Event, Lock, Thread
from typing import Any

from starwatch.errors import StarwatchError
from starwatch.ports import Delivery, LiveSource
from starwatch.ratings.batch import NO_TIME

LOOKING: dict[str, dict[str, Any]] = {
    "mqtt": {"client_id": f"starwatch-doctor-{os.getpid()}", "session_expiry": 0},
    "kafka": {"group": f"starwatch-doctor-{os.getpid()}"},
}
"""By scheme, options with which a source touches neither the session nor the group of a service."""

END_OF_TIME = 1 << 60
"""A finished replay has its watermark beyond this."""

ENOUGH = 100
"""Ratings and rejects after which a source was seen to work."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at.

    Attributes:
        level: `ok`, `note` (it works, and somebody should know) or `bad`.
        about: What.
        text: What was found, in one line.
    """

    level: str
    about: str
    text: str


def examined(source: LiveSource, seconds: float) -> list[Finding]:
    """Run a source until enough came, and say what it was.

    Args:
        source: The source.
        seconds: How long to look at most.
    """
    door = _LookingDoor()
    failures: list[BaseException] = []

    def run() -> None:
        try:
            source.run(door)
        except Exception as error:  # whatever it was, it is what was found  # noqa: BLE001
            failures.append(error)
        finally:
            door.enough.set()

    thread = Thread(target=run, daemon=True)
    thread.start()
    door.enough.wait(seconds)
    door.stop.set()
    thread.join(10)
    found = [_reached(source.name, door, failures)]
    return found + _read(source.name, door, seconds) if found[0].level == "ok" else found


def clock(watermark_ms: int | None, now_ms: int) -> Finding:
    """Whether the clock of this machine can be right.

    Args:
        watermark_ms: How far the state has come, which is never ahead of a right clock.
        now_ms: What the clock says.
    """
    if watermark_ms is not None and now_ms < watermark_ms < END_OF_TIME:
        behind = (watermark_ms - now_ms) / 1000
        return Finding("bad", "clock", f"it is {behind:,.0f} s behind what the state has seen")
    return Finding("ok", "clock", time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(now_ms / 1000)))


def _reached(name: str, door: "_LookingDoor", failures: Sequence[BaseException]) -> Finding:
    if failures:
        error = failures[0]
        kind = "" if isinstance(error, StarwatchError) else f"{type(error).__name__}: "
        return Finding("bad", name, f"{kind}{error}")
    if not door.was_connected:
        return Finding("bad", name, "it did not connect in time")
    return Finding("ok", name, f"connected in {door.connected_after:.2f} s")


def _read(name: str, door: "_LookingDoor", seconds: float) -> list[Finding]:
    """What came, and whether it can be used."""
    if not door.ratings and not door.rejects:
        text = f"nothing came in {seconds:g} s; send a rating and look again"
        return [Finding("note", name, text)]
    found = []
    if door.rejects:
        reasons = ", ".join(sorted(door.reasons))
        worst = "bad" if not door.ratings else "note"
        text = f"{door.rejects:,} of {door.ratings + door.rejects:,} were rejected: {reasons}"
        found.append(Finding(worst, name, f"{text}, for instance {door.sample!r}"))
    if door.ratings:
        found.append(Finding("ok", name, f"{door.ratings:,} ratings could be read"))
    if door.ahead_ms > 60_000:  # noqa: PLR2004 - as `settings.job.AHEAD_MS`
        ahead = door.ahead_ms / 1000
        text = f"an event time is {ahead:,.0f} s ahead of this clock: one of the two is wrong"
        found.append(Finding("bad", name, text))
    return found


@dataclass
class _LookingDoor:
    """A door that only looks at what it is given."""

    stop: Event = field(default_factory=Event)
    enough: Event = field(default_factory=Event)
    ratings: int = 0
    rejects: int = 0
    reasons: set[str] = field(default_factory=set)
    sample: str = ""
    ahead_ms: int = 0
    was_connected: bool = False
    connected_after: float = 0.0
    _began: float = field(default_factory=time.monotonic)
    _lock: Lock = field(default_factory=Lock)
    _partitions: dict[str, int] = field(default_factory=dict)

    @property
    def stopping(self) -> bool:
        return self.stop.is_set()

    def wait(self, seconds: float) -> bool:
        return self.stop.wait(seconds)

    def now_ms(self) -> int:
        return time.time_ns() // 1_000_000

    def partition(self, name: str) -> int:
        with self._lock:
            return self._partitions.setdefault(name, len(self._partitions))

    def partitions(self) -> dict[str, int]:
        with self._lock:
            return dict(self._partitions)

    def position(self, partition: int) -> int:
        del partition
        return 0

    def leave(self, partition: int) -> None:
        """Nothing depends on it here."""

    def caught_up(self, partition: int, *, value: bool) -> None:
        """Nothing depends on it here."""

    def reached(self, watermark_ms: int) -> None:
        """Nothing is to be seen of that."""

    def connected(self, *, value: bool) -> None:
        if value and not self.was_connected:
            self.was_connected, self.connected_after = True, time.monotonic() - self._began

    def deliver(self, delivery: Delivery, *, wait: bool = True) -> bool:
        del wait
        with self._lock:
            ratings = delivery.ratings
            self.ratings += len(ratings)
            self.rejects += len(ratings.rejects)
            self.reasons.update(str(reject.reason) for reject in ratings.rejects)
            if ratings.rejects and not self.sample:
                self.sample = ratings.rejects[0].raw[:80].decode(errors="replace")
            own = ratings.event_ms[ratings.event_ms != NO_TIME]
            if len(own):
                self.ahead_ms = max(self.ahead_ms, int(own.max()) - self.now_ms())
            if self.ratings + self.rejects >= ENOUGH:
                self.enough.set()
        return not self.stopping

    def redelivered(self, number: int = 1) -> None:
        """Nothing depends on it here."""

    def remembered(self) -> dict[str, tuple[bytes, int]]:
        return {}

    def forget(self, before_ms: int) -> None:
        """Nothing is remembered here."""
