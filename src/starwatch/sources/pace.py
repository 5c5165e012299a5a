"""How to replay what was found, so that it can be watched in a few minutes."""

from collections.abc import Sequence
from dataclasses import dataclass

from starwatch.ratings.durations import duration_label, duration_ms
from starwatch.sources.profile import DAY_MS, Profile

_MINUTES_MS = 300_000
"""Five minutes: long enough to see something happen, short enough to wait for."""

_STEPS_MS = (1000, 500, 200, 100, 50, 20, 10, 5, 2, 1)
_WINDOWS = (
    *("30s/5s", "5m/1m", "30m/5m", "6h/1h", "1d/6h", "7d/1d", "28d/7d", "360d/30d", "3600d/360d"),
)
_CLOSES = 400
"""At most so many closes in five minutes can be watched."""


@dataclass(frozen=True, slots=True)
class Pace:
    """One way to replay.

    Attributes:
        arguments: What `starwatch replay` is to be given.
        lasts_ms: How long it will take.
    """

    arguments: tuple[str, ...]
    lasts_ms: int


def paces(found: Profile) -> Sequence[Pace]:
    """Ways to replay these ratings, the better one first.

    By event time if the times tell when things happened; row by row if there are none, or whole
    days only, which would come in bursts.
    """
    if not found.rows:
        return []
    by_row, by_time = _by_row(found), _by_time(found)
    if by_time is None:
        return [by_row]
    return [by_row, by_time] if found.whole_days else [by_time, by_row]


def _by_row(found: Profile) -> Pace:
    step = next((ms for ms in _STEPS_MS if ms * found.rows <= _MINUTES_MS), None)
    if step is not None:
        return Pace(("--every", duration_label(step)), step * found.rows)
    rate = _nice(found.rows * 1000 // _MINUTES_MS + 1)
    return Pace(("--rate", str(rate)), found.rows * 1000 // rate)


def _by_time(found: Profile) -> Pace | None:
    if found.earliest_ms is None or found.latest_ms is None:
        return None
    span = found.latest_ms - found.earliest_ms
    if not span:
        return None
    speed = _nice(max(1, -(-span // _MINUTES_MS)))
    finest = DAY_MS if found.whole_days else 1
    window = next((w for w in _WINDOWS if _suits(w, span, finest)), _WINDOWS[-1])
    return Pace(("--speed", f"{speed}x", "--window", window), span // speed)


def _suits(window: str, span: int, finest: int) -> bool:
    slide = duration_ms(window.partition("/")[2])
    return slide >= finest and span <= slide * _CLOSES


def _nice(number: int) -> int:
    """Rounded up to two digits."""
    unit: int = 10 ** max(0, len(str(number)) - 2)
    return -(-number // unit) * unit
