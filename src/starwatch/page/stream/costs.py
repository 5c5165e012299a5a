"""How often streams are told, so that all of them together take no more than a part of a core."""

EVERY_SECONDS = 0.2
"""Between two events of a stream at least: five a second are as many as an eye takes in."""

_LONGEST_SECONDS = 2.0
_SHARE = 0.08
_TAB_SECONDS = 0.0003
"""What it takes to wake one stream and to send what is made already."""
_CATCHING_UP = 0.9


class Costs:
    """What looking and telling took last, by what is done.

    Of the last two times the shorter counts: a single long one, as when the catalogue is read, or
    at the start, says nothing of the next.
    """

    def __init__(self) -> None:
        self._last: dict[str, tuple[float, float]] = {}

    def note(self, what: str, seconds: float) -> None:
        """Something took so much processor time."""
        before = self._last.get(what, (0.0, 0.0))
        self._last[what] = (before[1], seconds)

    def forget(self, what: str) -> None:
        """It is done no more."""
        self._last.pop(what, None)

    def interval(self, tabs: int) -> float:
        """Seconds between two events of each of so many streams.

        >>> costs = Costs()
        >>> costs.interval(1)
        0.2
        >>> for _ in range(2):
        ...     costs.note("a page of a hundred thousand products", 0.04)
        >>> round(costs.interval(1), 2)
        0.5
        """
        made = sum(min(pair) for pair in list(self._last.values()))
        wanted = (made + tabs * _TAB_SECONDS) / _SHARE
        return min(max(EVERY_SECONDS, wanted), _LONGEST_SECONDS)


class Pace:
    """When something that is done again and again may be done next.

    One time may be late, as when it waits for a commit: the next one comes the sooner, but not
    before half an interval. So whoever waits for what comes once in an interval waits for that
    alone, and not for the interval as well. Whoever has fallen behind that gains a tenth of an
    interval each time, so there are at most ten in nine of them.
    """

    def __init__(self) -> None:
        self._due = 0.0

    def next(self, now: float, interval: float) -> float:
        """It is done now; when it may be done next. What is done too early besides changes nothing.

        >>> pace = Pace()
        >>> [pace.next(now, 2) for now in (100, 102, 103.5, 103.6, 105)]
        [101.0, 103.0, 104.8, 104.8, 106.6]
        """
        if now >= self._due:
            self._due = max(self._due + _CATCHING_UP * interval, now + interval / 2)
        return self._due
