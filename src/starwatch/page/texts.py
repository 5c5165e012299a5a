"""Numbers as people read them in a page; the same texts as `static/numbers.js` makes."""

import math
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from fractions import Fraction
from typing import Any

from jinja2.utils import htmlsafe_json_dumps

NOTHING = "\u2013"
MINUS = "\u2212"

_SECOND, _MINUTE, _HOUR, _DAY = 1000, 60_000, 3_600_000, 86_400_000
_UNITS = ((_DAY, "d"), (_HOUR, "h"), (_MINUTE, "min"), (_SECOND, "s"))
_ONE_DIGIT_BELOW = 9.95
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def in_script(value: Any) -> str:
    r"""JSON for `<script type="application/json">`: nothing in it can end the script.

    >>> print(in_script({"id": "</script>&"}))
    {"id":"\u003c/script\u003e\u0026"}
    """
    return htmlsafe_json_dumps(value, separators=(",", ":"))


def mean_of(stars: Sequence[int], values: Sequence[float], digits: int = 2) -> str:
    """The exact mean of a star histogram, rounded half to even.

    >>> mean_of([0, 2, 0, 1, 5], [1, 2, 3, 4, 5]), mean_of([0, 0], [1, 2]) == NOTHING
    ('4.12', True)
    """
    ratings = sum(stars)
    if not ratings:
        return NOTHING
    unit = 10 ** max(len(str(value).partition(".")[2]) for value in values)
    points = sum(number * round(value * unit) for number, value in zip(stars, values, strict=True))
    return _decimal(Fraction(points, ratings * unit), digits)


def _decimal(value: Fraction, digits: int) -> str:
    """A fraction as decimals, rounded half to even."""
    scaled = round(value * 10**digits)
    whole, rest = divmod(abs(scaled), 10**digits)
    return f"{MINUS if scaled < 0 else ''}{whole}.{rest:0{digits}d}"


def change(value: float | None, digits: int = 2) -> str:
    """A change with its sign.

    >>> change(0.25), change(0.004), change(-0.5) == MINUS + "0.50", change(None) == NOTHING
    ('+0.25', '0.00', True, True)
    """
    if value is None:
        return NOTHING
    text = _decimal(Fraction(round(value * 10**6), 10**6), digits)
    return f"+{text}" if value > 0 and text.strip("0.") else text


def count(value: float | None) -> str:
    """A whole number with thousands apart.

    >>> count(12345)
    '12,345'
    """
    return NOTHING if value is None else f"{round(value):,}"


_MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sept", "Oct", "Nov", "Dec"]


def clock(ms: int | None) -> str:
    """The time of day of a moment, in UTC.

    >>> clock(1_767_229_199_999), clock(None) == NOTHING
    ('00:59:59', True)
    """
    at = _utc(ms)
    return NOTHING if at is None else f"{at:%H:%M:%S}"


def day(ms: int | None) -> str:
    """The day of a moment, in UTC.

    >>> day(1_767_229_199_999), day(1_600_000_000_000), day(None)
    ('1 Jan 2026', '13 Sept 2020', '')
    """
    at = _utc(ms)
    return "" if at is None else f"{at.day} {_MONTHS[at.month - 1]} {at.year}"


def _utc(ms: int | None) -> datetime | None:
    """A moment; None where there is none, or none that a calendar has."""
    try:
        return None if ms is None else _EPOCH + timedelta(milliseconds=ms)
    except OverflowError:
        return None


def rate(value: float | None) -> str:
    """How many a second.

    >>> [rate(value) for value in (0, 0.42, 7.25, 1204.4)]
    ['0', '0.4', '7.2', '1,204']
    """
    if value is not None and 0 < value < _ONE_DIGIT_BELOW:
        return f"{value:.1f}"
    return count(value)


def duration(ms: float | None) -> str:
    """A length of time in at most two units.

    >>> [duration(ms) for ms in (340, 30_000, 90_000, 7_200_000, 273_600_000)]
    ['340 ms', '30 s', '1 min 30 s', '2 h', '3 d 4 h']
    """
    if ms is None:
        return NOTHING
    if ms < _SECOND:
        return f"{round(ms)} ms"
    at = next(place for place, (size, _) in enumerate(_UNITS) if ms >= size)
    size, name = _UNITS[at]
    big = f"{count(ms // size)} {name}"
    if at + 1 == len(_UNITS):
        return big
    smaller, small_name = _UNITS[at + 1]
    rest = math.floor(ms % size / smaller)
    return f"{big} {rest} {small_name}" if rest else big


def window_words(window: Mapping[str, Any]) -> str:
    """A window in words, such that no two of them read the same.

    >>> window_words({"size_ms": 30_000, "slide_ms": 5_000, "offset_ms": 0})
    '30 s, every 5 s'
    >>> window_words({"size_ms": 86_400_000, "slide_ms": 86_400_000, "offset_ms": 5_400_500})
    '1 d, shifted by 1 h 30 min 500 ms'
    """
    size, slide, offset = (window[name] for name in ("size_ms", "slide_ms", "offset_ms"))
    every = "" if slide == size else f", every {_exactly(slide)}"
    return _exactly(size) + every + (f", shifted by {_exactly(offset)}" if offset else "")


def _exactly(ms: int) -> str:
    """A length of time to the millisecond."""
    parts = []
    for size, name in (*_UNITS, (1, "ms")):
        many, ms = divmod(ms, size)
        if many:
            parts.append(f"{count(many)} {name}")
    return " ".join(parts)


def ago(ms: float | None) -> str:
    """How long ago, roughly, as one says it.

    >>> [ago(ms) for ms in (None, 500, 42_000, 300_000, 86_400_000, 400_000_000)]
    ['never', 'just now', '42 s ago', '5 min ago', '24 h ago', '4 days ago']
    """
    if ms is None:
        return "never"
    if ms < 2 * _SECOND:
        return "just now"
    for size, name in ((_SECOND, "s"), (_MINUTE, "min"), (_HOUR, "h")):
        larger = {_SECOND: _MINUTE, _MINUTE: _HOUR, _HOUR: _DAY}[size]
        if ms < 2 * larger:
            return f"{math.floor(ms / size)} {name} ago"
    return f"{count(ms // _DAY)} days ago"


FILTERS = {
    "ago": ago,
    "change": change,
    "clock": clock,
    "count": count,
    "day": day,
    "duration": duration,
    "in_script": in_script,
    "rate": rate,
    "window_words": window_words,
}
