"""How long to wait before something broken is tried again."""

FIRST_SECONDS = 0.5
LONGEST_SECONDS = 30.0


class Pauses:
    """Growing pauses: each twice the one before, up to half a minute.

    >>> pauses = Pauses()
    >>> [pauses.next() for _ in range(8)]
    [0.5, 1.0, 2.0, 4.0, 8.0, 16.0, 30.0, 30.0]
    """

    def __init__(self) -> None:
        self._seconds = FIRST_SECONDS

    def next(self) -> float:
        """The pause before the next try, in seconds."""
        seconds, self._seconds = self._seconds, min(2 * self._seconds, LONGEST_SECONDS)
        return seconds

    def reset(self) -> None:
        """It worked: the next pause is the first one again."""
        self._seconds = FIRST_SECONDS
