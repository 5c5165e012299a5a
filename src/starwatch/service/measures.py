"""How long things took, counted in buckets; cheap enough for every commit."""

from bisect import bisect_left

from starwatch.status import Spread

BOUNDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0)
"""Upper bounds in seconds: from a commit on a fast disk to a minute of trouble."""


class Histogram:
    """Counts by duration; one thread adds, any thread reads.

    >>> took = Histogram()
    >>> took.add(0.002, number=3)
    >>> took.add(100)
    >>> took.spread().counts[:3], took.spread().counts[-1], took.spread().total
    ((0, 3, 0), 1, 100.006)
    """

    def __init__(self) -> None:
        self._counts = [0] * (len(BOUNDS) + 1)
        self._total = 0.0

    def add(self, seconds: float, number: int = 1) -> None:
        """So many took so long."""
        self._counts[bisect_left(BOUNDS, seconds)] += number
        self._total += seconds * number

    def spread(self) -> Spread:
        """As it is now."""
        return Spread(BOUNDS, tuple(self._counts), self._total)
