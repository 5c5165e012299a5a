"""How far a run is, on standard error: a bar on a terminal, a plain line now and then elsewhere."""

import sys
from dataclasses import dataclass
from typing import TextIO

from starwatch.terminal.rate import Rate
from starwatch.terminal.summary import duration_text

_BAR = 24
_TERMINAL_SECONDS = 0.2
_PLAIN_SECONDS = 5.0


@dataclass(frozen=True, slots=True)
class Done:
    """How far a run is.

    Attributes:
        read_bytes: Bytes of input consumed.
        total_bytes: Bytes of input in all; 0 where that is not known.
        ratings: Ratings received.
    """

    read_bytes: int
    total_bytes: int
    ratings: int

    @property
    def fraction(self) -> float | None:
        """How much of the input is done, 0 to 1; None where that is not known."""
        return min(self.read_bytes / self.total_bytes, 1.0) if self.total_bytes else None


def remaining_seconds(done: Done, elapsed: float) -> float | None:
    """The time left, if the rest goes as what was done; None where nothing can be said yet."""
    fraction = done.fraction
    return elapsed / fraction - elapsed if fraction and elapsed >= 1 else None


def progress_text(done: Done, elapsed: float, rate: float, *, bar: str = "") -> str:
    """One line: a bar if its two characters are given, the share, ratings, rate, time left."""
    parts = []
    fraction = done.fraction
    if fraction is not None:
        if bar:
            full = int(fraction * _BAR)
            parts.append(f"[{bar[0] * full}{bar[1] * (_BAR - full)}]")
        parts.append(f"{int(fraction * 100):3d} %")
    parts += [f"{done.ratings:,} ratings", f"{rate:,.0f} a second"]
    left = remaining_seconds(done, elapsed)
    if left is not None:
        parts.append(f"{duration_text(left)} left")
    return "  ".join(parts)


class Progress:
    """The progress of a run on standard error.

    The run's loop calls `update` as often as it likes; a call costs nothing while nothing is due.
    On a terminal one line is drawn over again, with nothing but a carriage return, so that it
    works in every terminal and needs no library; elsewhere a line is added every five seconds.
    Output that cannot be written is given up in silence: a run does not fail for its progress.

    Args:
        quiet: Say nothing.
        stream: Where to write; for tests.
    """

    def __init__(self, *, quiet: bool = False, stream: TextIO | None = None) -> None:
        self._stream = stream or sys.stderr
        self._terminal = not quiet and self._stream.isatty()
        self._every = _TERMINAL_SECONDS if self._terminal else _PLAIN_SECONDS
        self._silent = quiet
        self._rate = Rate()
        self._begun: float | None = None
        self._next = float("-inf")
        self._width = 0

    def update(self, now: float, done: Done) -> bool:
        """Show how far it is, if that is due.

        Args:
            now: Seconds of a monotonic clock.
            done: How far it is.

        Returns:
            Whether it was due.
        """
        if self._silent or now < self._next:
            return False
        begun = self._begun = now if self._begun is None else self._begun
        rate = self._rate.at(now, done.ratings)
        self._next = now + self._every
        if self._terminal:
            text = progress_text(done, now - begun, rate, bar=self._bar())
            # One line drawn over again: spaces cover what a longer line left.
            self._write("\r" + text.ljust(self._width))
            self._width = len(text)
        elif now > begun:
            self._write(progress_text(done, now - begun, rate) + "\n")
        return True

    def close(self) -> None:
        """Take the bar off the terminal. Safe to call twice."""
        if self._width:
            self._write("\r" + " " * self._width + "\r")
            self._width = 0

    def _bar(self) -> str:
        utf = (getattr(self._stream, "encoding", "") or "").lower().startswith("utf")
        return "█░" if utf else "#."

    def _write(self, text: str) -> None:
        try:
            self._stream.write(text)
            self._stream.flush()
        except OSError:
            self._silent = True
