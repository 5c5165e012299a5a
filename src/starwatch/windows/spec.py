"""Which windows a job draws (architecture §5)."""

from dataclasses import dataclass
from typing import Self

from starwatch.errors import BadSetting, BadWindow
from starwatch.ratings.durations import duration_label, duration_ms

_HINT = "A window reads SIZE/SLIDE with SIZE a multiple of SLIDE, for instance 30s/5s, 1h or 1d/1h"


MAX_PANES = 100_000
"""Slides a window spans at most: a day by seconds. A rating is in as many windows, each a row."""


@dataclass(frozen=True, slots=True)
class WindowSpec:
    """A family of windows `[start, end)`, aligned to the epoch plus an offset.

    Window number e ends at `offset_ms + e * slide_ms` and starts `size_ms` before that.

    Args:
        size_ms: Length of a window; a multiple of the slide.
        slide_ms: Distance between two windows.
        offset_ms: Shift of all ends against the epoch, 0 <= offset < slide.

    Raises:
        BadWindow: one of the above does not hold.
    """

    size_ms: int = 30_000
    slide_ms: int = 5_000
    offset_ms: int = 0

    def __post_init__(self) -> None:
        """Refuse windows that cannot be."""
        if self.slide_ms <= 0 or self.size_ms <= 0:
            raise BadWindow(f"the window {self.label} has no length", hint=_HINT)
        if self.size_ms % self.slide_ms:
            raise BadWindow(
                f"the window {self.label} is impossible: its size is no multiple of its slide",
                hint=_HINT,
            )
        if self.panes > MAX_PANES:
            raise BadWindow(
                f"the window {self.label} is impossible: each rating would be in {self.panes:,}"
                f" windows, and {MAX_PANES:,} is the most",
                hint="Give a longer slide",
            )
        if not 0 <= self.offset_ms < self.slide_ms:
            raise BadWindow(
                f"the window {self.label} has an offset outside its slide",
                hint="An offset is at least 0 and below the slide",
            )

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read `30s/5s`, `1h` (tumbling) or `1d/1h+15m` (with an offset).

        Raises:
            BadWindow: the text has another form, or the window cannot be.
        """
        spans, _, offset = text.partition("+")
        size, _, slide = spans.partition("/")
        try:
            size_ms = duration_ms(size)
            slide_ms = duration_ms(slide) if slide else size_ms
            offset_ms = duration_ms(offset) if offset else 0
        except BadSetting as error:
            why = error.message
            raise BadWindow(f"the window {text!r} cannot be read: {why}", hint=_HINT) from error
        return cls(size_ms, slide_ms, offset_ms)

    @property
    def label(self) -> str:
        """The window as text, in its largest units: `30s/5s`, `1h/1h`, `1d/1h+15m`."""
        spans = f"{duration_label(self.size_ms)}/{duration_label(self.slide_ms)}"
        return f"{spans}+{duration_label(self.offset_ms)}" if self.offset_ms else spans

    @property
    def panes(self) -> int:
        """How many slides a window spans, which is how many windows a rating belongs to."""
        return self.size_ms // self.slide_ms

    def end_ms(self, number: int) -> int:
        """Where window number `number` ends."""
        return self.offset_ms + number * self.slide_ms

    def last_end_at(self, time_ms: int) -> int:
        """The number of the last window with end <= time."""
        return (time_ms - self.offset_ms) // self.slide_ms
