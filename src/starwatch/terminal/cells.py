"""Values as short texts: tiny histograms, changes, moments, product ids that cannot do harm."""

import unicodedata
from collections.abc import Sequence
from fractions import Fraction

from starwatch.ratings.durations import moment_label
from starwatch.windows.spec import WindowSpec

BLOCKS = "▁▂▃▄▅▆▇█"
"""Heights of a histogram's bars; the lowest stands for no rating alone."""

_SECOND, _HOUR, _DAY = 1000, 3_600_000, 86_400_000


def bars(stars: Sequence[int]) -> str:
    """A star histogram as one block a step, the highest count as the highest block.

    A step with any rating is higher than one without.

    >>> bars([0, 1, 0, 50, 100])
    '▁▂▁▅█'
    """
    most = max(stars)
    return "".join(BLOCKS[max(1, (n * 14 + most) // (2 * most))] if n else "▁" for n in stars)


def change_text(now: Fraction, before: Fraction | None) -> str:
    """The change of a mean to two digits: `▲ 0.12`, `▼ 0.12`, `=`; `new` without a mean before.

    >>> change_text(Fraction(33, 8), Fraction(4))
    '▲ 0.12'
    """
    if before is None:
        return "new"
    hundredths = round(abs(now - before) * 100)
    if not hundredths:
        return "="
    return f"{'▲' if now > before else '▼'} {hundredths // 100}.{hundredths % 100:02d}"


def printable(text: str, width: int) -> str:
    r"""A product id or name for a terminal, in at most so many columns.

    Characters that would move the cursor, or cannot be seen, are shown as their escapes, so that
    an id cannot draw over the screen.

    >>> printable("a\x1b[2J", 20), printable("0000143502", 6)
    ('a\\x1b[2J', '00001…')
    """
    if not text.isprintable():
        text = "".join(c if c.isprintable() else ascii(c)[1:-1] for c in text)
    if columns(text) <= width:
        return text
    cut = text[:width]
    while columns(cut) > width - 1:
        cut = cut[:-1]
    return cut + "…"


def columns(text: str) -> int:
    """How many columns of a terminal a printable text takes."""
    if text.isascii():
        return len(text)
    wide = sum(unicodedata.east_asian_width(c) in "WF" for c in text)
    return len(text) + wide - sum(unicodedata.combining(c) != 0 for c in text)


def padded(text: str, width: int, *, right: bool = False) -> str:
    """The text with spaces behind it, or before it, up to a width in columns."""
    space = " " * (width - columns(text))
    return space + text if right else text + space


def end_text(end_ms: int, window: WindowSpec) -> str:
    """The end of a window in UTC, as fine as its windows follow each other.

    >>> end_text(1622505605000, WindowSpec())
    '00:00:05'
    """
    whole = moment_label(end_ms)
    steps = (window.slide_ms, window.offset_ms)
    if any(step % _SECOND for step in steps):
        return whole[11:-1]
    if window.slide_ms < _HOUR:
        return whole[11:19]
    if any(step % _DAY for step in steps):
        return whole[:16].replace("T", " ")
    return whole[:10]
