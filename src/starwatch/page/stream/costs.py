"""How often streams are told, so that all of them together take no more than a part of a core."""

EVERY_SECONDS = 0.2
"""Between two events of a stream at least: five a second are as many as an eye takes in."""

_LONGEST_SECONDS = 2.0
_SHARE = 0.08
_TAB_SECONDS = 0.0003
"""What it takes to wake one stream and to send what is made already."""
_FIRST_SECONDS = 0.015
"""More is not believed of a first time; a tab alone is told five times a second then."""

_EARLY_SECONDS, _GAINED_SECONDS = EVERY_SECONDS / 2, EVERY_SECONDS / 10


class Costs:
    """What looking and telling took last, by what is done.

    Of the last two times the shorter counts: a single long one, as when the catalogue is read, says
    nothing of the next. Nor does a first one that is long, which may have loaded something.
    """

    def __init__(self) -> None:
        self._last: dict[str, tuple[float, float]] = {}

    def note(self, what: str, seconds: float) -> None:
        """Something took so much processor time."""
        first = min(seconds, _FIRST_SECONDS)
        before = self._last.get(what, (first, first))
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

    One time may be late, as when it waits for a commit: the next one comes the sooner, by a tenth
    of a second at most. So whoever waits for what comes once in an interval waits for that alone,
    and not for the interval as well. Whoever has fallen behind that gains a little each time.
    """

    def __init__(self) -> None:
        self._due = 0.0

    def next(self, now: float, interval: float) -> float:
        """It is done now; when it may be done next. What is done too early besides changes nothing.

        >>> pace = Pace()
        >>> [round(pace.next(now, 2), 2) for now in (100, 102, 104, 104.1, 105.9)]
        [101.9, 103.9, 105.9, 105.9, 107.88]
        """
        if now >= self._due:
            self._due = max(self._due + interval - _GAINED_SECONDS, now + interval - _EARLY_SECONDS)
        return self._due
