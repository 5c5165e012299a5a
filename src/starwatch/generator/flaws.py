"""Broken rows: what is wrong with one, and how it reads in a file."""

from decimal import Decimal
from enum import IntEnum

from starwatch.ratings.rejects import Reason
from starwatch.ratings.scale import Scale


class Flaw(IntEnum):
    """What is wrong with a malformed row; 0 stands for nothing."""

    NO_PRODUCT = 1
    NO_STARS = 2
    OFF_SCALE = 3
    BAD_STARS = 4
    BAD_TIME = 5
    CUT_OFF = 6
    JUNK = 7


JUNK_LINE = "%% connection reset %%"
"""A line that is no rating at all. It holds no quote, so that it spoils no other line."""

_REASONS = {
    Flaw.NO_PRODUCT: Reason.MISSING_PRODUCT,
    Flaw.NO_STARS: Reason.MISSING_STARS,
    Flaw.OFF_SCALE: Reason.OFF_SCALE,
    Flaw.BAD_STARS: Reason.BAD_STARS,
    Flaw.BAD_TIME: Reason.BAD_TIME,
    Flaw.CUT_OFF: Reason.UNREADABLE,
    Flaw.JUNK: Reason.UNREADABLE,
}


def reason(flaw: Flaw) -> Reason:
    """Why a row with this flaw is rejected."""
    return _REASONS[flaw]


def star_texts(scale: Scale) -> list[str]:
    """How each step of a scale is written: `1` to `5`, but `0.5`, `1.0` … where steps are parts."""
    digits = max(0, *(-_exponent(value) for value in (scale.lowest, scale.step)))
    return [f"{value:.{digits}f}" for value in scale.values]


def off_scale_text(scale: Scale) -> str:
    """A number of stars just above the scale."""
    digits = max(0, *(-_exponent(value) for value in (scale.highest, scale.step)))
    return f"{scale.highest + scale.step:.{digits}f}"


def _exponent(value: Decimal) -> int:
    return int(value.normalize().as_tuple().exponent)
