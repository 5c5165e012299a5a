"""Durations and moments as a user writes them: `30s`, `1d`, `2021-06-01T00:00:03Z`."""

import re
from datetime import UTC, datetime, timedelta
from fractions import Fraction

from starwatch.errors import BadSetting

_UNITS = {
    "us": Fraction(1, 1000),
    "ms": Fraction(1),
    "s": Fraction(1000),
    "m": Fraction(60_000),
    "h": Fraction(3_600_000),
    "d": Fraction(86_400_000),
    "w": Fraction(604_800_000),
}
_DURATION = re.compile(r"(\d+(?:\.\d+)?)(us|ms|[smhdw])")
_HINT = "A duration reads like 500ms, 30s, 5m, 1h, 1d or 1w"
_LONGEST = 1_000 * 366 * _UNITS["d"]
"""A thousand years: no ratings are older, and every sum of such durations fits into 64 bits."""
_FIRST_MS = -62_135_596_800_000
_LAST_MS = 253_402_300_799_999
"""The years 1 to 9999, which ISO 8601 and the outputs can write."""


def duration(text: str) -> Fraction:
    """Read a duration as exact milliseconds.

    Raises:
        BadSetting: the text is no number with a unit, or more than a thousand years.
    """
    match = _DURATION.fullmatch(text.strip())
    if match is None:
        raise BadSetting(f"the duration {text!r} cannot be read", hint=_HINT)
    value = Fraction(match[1]) * _UNITS[match[2]]
    if value > _LONGEST:
        raise BadSetting(f"the duration {text!r} is longer than a thousand years", hint=_HINT)
    return value


def duration_ms(text: str) -> int:
    """Read a duration as whole milliseconds.

    Raises:
        BadSetting: the text is no duration, or holds a part of a millisecond.
    """
    value = duration(text)
    if value.denominator != 1:
        raise BadSetting(f"the duration {text!r} is not whole milliseconds", hint=_HINT)
    return int(value)


def duration_label(ms: int) -> str:
    """Milliseconds in the largest unit, up to days, that divides them: 90000 is `90s`."""
    for unit in ("d", "h", "m", "s"):
        size = int(_UNITS[unit])
        if ms and ms % size == 0:
            return f"{ms // size}{unit}"
    return f"{ms}ms"


def moment_ms(text: str) -> int:
    """Read an ISO 8601 moment (no zone: UTC) or integer epoch milliseconds.

    Raises:
        BadSetting: the text is neither, or lies outside the years 1 to 9999.
    """
    try:
        ms = int(text) if re.fullmatch(r"-?\d{6,}", text) else _iso_ms(text)
    except ValueError:
        raise BadSetting(
            f"the moment {text!r} cannot be read", hint="A moment reads like 2021-06-01T00:00:03Z"
        ) from None
    if not _FIRST_MS <= ms <= _LAST_MS:
        raise BadSetting(
            f"the moment {text!r} is not within the years 1 to 9999",
            hint="A number counts milliseconds since 1970",
        )
    return ms


def _iso_ms(text: str) -> int:
    when = datetime.fromisoformat(text)
    when = when if when.tzinfo else when.replace(tzinfo=UTC)
    return (when - datetime(1970, 1, 1, tzinfo=UTC)) // (datetime.resolution * 1000)


def moment_label(ms: int) -> str:
    """Epoch milliseconds as ISO 8601 UTC with milliseconds: `2021-06-01T00:00:03.000Z`."""
    seconds, rest = divmod(ms, 1000)
    try:
        when = datetime(1970, 1, 1) + timedelta(seconds=seconds)  # noqa: DTZ001 - `Z` says it
    except OverflowError:
        return f"{ms}ms"
    return f"{when.isoformat()}.{rest:03d}Z"
