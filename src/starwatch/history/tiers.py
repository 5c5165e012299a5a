"""Which lengths of panes a history keeps (architecture §7)."""

from collections.abc import Iterable
from math import gcd

from starwatch.windows.spec import WindowSpec

MINUTE_MS, HOUR_MS, DAY_MS = 60_000, 3_600_000, 86_400_000


def tiers_ms(windows: Iterable[WindowSpec]) -> tuple[int, ...]:
    """The lengths of panes for a job's windows, the shortest first.

    One in which all its windows begin and end, which is the slide where there is one window, and a
    minute, an hour and a day. All panes are aligned to the epoch.
    """
    slide = gcd(*(length for w in windows for length in (w.slide_ms, w.offset_ms)))
    return tuple(sorted({slide, MINUTE_MS, HOUR_MS, DAY_MS}))


def common_pane_ms(windows: Iterable[WindowSpec]) -> int:
    """The longest panes of which all that a history keeps for a job can be put together."""
    return gcd(*tiers_ms(windows))


def tier_for(size_ms: int, slide_ms: int, offset_ms: int, kept: Iterable[int]) -> int | None:
    """The longest kept pane of which windows can be put together exactly; None where none can."""
    fits = gcd(size_ms, slide_ms, offset_ms)
    return max((tier for tier in kept if fits % tier == 0), default=None)
