"""How many a second, lately."""

from collections import deque

_SPAN_SECONDS = 2.0
"""Long enough for a steady number, short enough to follow a change."""


class Rate:
    """The rate of a growing count over about the last two seconds."""

    def __init__(self) -> None:
        self._seen: deque[tuple[float, int]] = deque()

    def at(self, now: float, count: int) -> float:
        """Note a count, and tell the rate; 0 at first.

        Args:
            now: Seconds of a monotonic clock.
            count: How many there were until now.
        """
        seen = self._seen
        seen.append((now, count))
        while len(seen) > 2 and now - seen[1][0] >= _SPAN_SECONDS:  # noqa: PLR2004
            seen.popleft()
        since, before = seen[0]
        return (count - before) / (now - since) if now > since else 0.0
