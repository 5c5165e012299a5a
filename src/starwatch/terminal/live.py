"""The live table on a terminal: draws frames with rich, and listens to keys.

Imported only where a table is drawn, for rich takes a while to load.
"""

from collections.abc import Sequence
from dataclasses import replace
from typing import Self

from rich.console import Console
from rich.live import Live
from rich.text import Text

from starwatch.ports import LiveView, RowContext
from starwatch.terminal.frame import Line, Look, Names, Stream, frame
from starwatch.terminal.keys import Keys, open_keys
from starwatch.terminal.order import SortKey
from starwatch.terminal.previous import PreviousMeans
from starwatch.terminal.rate import Rate
from starwatch.windows.rows import WindowRows

REFRESH_SECONDS = 0.2
"""Five times a second: smooth for the eye, and still readable."""


class LiveTable:
    """A table of an open window, redrawn as the stream goes on.

    Everything happens in the caller's thread: the run's loop calls `refresh_if_due`, which returns
    at once while nothing is due, and hands over closed rows with `closed`. The table pulls what it
    shows from a `LiveView` at its own pace; it holds no row back and stops nothing. Used as a
    context, so that the terminal is left as it was found; then the last frame stays on the screen.

    Args:
        view: The running job.
        context: The job and its products.
        sort: What rows are sorted by at first.
        show: The window spec that is shown at first.
        names: From product id to name, if there is a catalogue.
        page: Where the page of the same job is.
        console: Where to draw; for tests.
        keys: What to listen to; for tests.
    """

    def __init__(  # noqa: PLR0913
        self,
        view: LiveView,
        context: RowContext,
        *,
        sort: SortKey = SortKey.COUNT,
        show: int = 0,
        names: Names | None = None,
        page: str = "",
        console: Console | None = None,
        keys: Keys | None = None,
    ) -> None:
        self._view = view
        self._context = context
        self._console = console or Console(highlight=False)
        self._keys = keys or open_keys()
        self._look = Look(spec=show, sort=sort, keys=self._keys.there, names=names, page=page)
        self._previous = PreviousMeans(context.job)
        self._rate = Rate()
        self._live = Live(
            console=self._console, screen=True, auto_refresh=False, redirect_stdout=False
        )
        self._next = float("-inf")
        self._paused = False
        self._quit = False
        self._stream: Stream | None = None
        self._rows = WindowRows.empty(context.job.scale.steps)
        self._lines: Sequence[Line] = ()

    @property
    def quit(self) -> bool:
        """Whether a person asked for the end; the loop then stops as for Ctrl-C."""
        return self._quit

    def __enter__(self) -> Self:
        """Take the screen."""
        self._live.start()
        return self

    def __exit__(self, *_: object) -> None:
        """Give the screen back, and leave the last frame on it."""
        self._live.stop()
        self._keys.close()
        self._console.print(text_of(self._lines[:-1]), end="\n")

    def closed(self, rows: WindowRows) -> None:
        """Take closed rows, to compare later windows with."""
        self._previous.closed(rows)

    def seconds_to_refresh(self, now: float) -> float:
        """How long a loop with nothing to do may sleep before the next `refresh_if_due`."""
        return max(self._next - now, 0.0)

    def refresh_if_due(
        self, now: float, clock_ms: int, watermark_ms: int | None, fraction: float | None = None
    ) -> bool:
        """Read keys and draw, if a fifth of a second has passed since the last time.

        Args:
            now: Seconds of a monotonic clock.
            clock_ms: The stream's clock.
            watermark_ms: The job's watermark, if there is one yet.
            fraction: How much of the input is done, if that is known.

        Returns:
            Whether it was due.
        """
        if now < self._next:
            return False
        self._next = now + REFRESH_SECONDS
        pressed = self._keys.pressed()
        for key in pressed.lower():
            self._press(key)
        books = self._view.books()
        rate = self._rate.at(now, books.received)
        if not self._paused or self._stream is None:
            self._stream = Stream(clock_ms, watermark_ms, rate, books, fraction)
            self._rows = self._view.provisional(self._look.spec)
        if pressed or not self._paused:
            self._draw(self._rows, replace(self._stream, paused=self._paused))
        return True

    def _press(self, key: str) -> None:
        if key == "q":
            self._quit = True
        elif key == "p":
            self._paused = not self._paused
        elif key == "s":
            self._look = replace(self._look, sort=self._look.sort.following)
        elif key == "w":
            following = (self._look.spec + 1) % len(self._context.job.windows)
            self._look = replace(self._look, spec=following)
            self._stream = None  # a held picture of the other windows is of no use

    def _draw(self, rows: WindowRows, stream: Stream) -> None:
        width, height = self._console.size
        look = replace(self._look, width=width, height=height)
        self._lines = frame(rows, stream, look, context=self._context, previous=self._previous)
        self._live.update(text_of(self._lines[:height]), refresh=True)


def text_of(lines: Sequence[Line]) -> Text:
    """Lines as rich draws them: cut at the right edge, nothing in them read as markup."""
    text = Text(no_wrap=True, overflow="crop", end="")
    for number, line in enumerate(lines):
        if number:
            text.append("\n")
        for piece, style in line:
            text.append(piece, style or None)
    return text
