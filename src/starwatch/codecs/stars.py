"""Stars as written to the index of their step: exact, by distinct text, never rounded (§3)."""

import re
from collections.abc import Iterable
from decimal import Decimal

import numpy as np
from numpy.typing import NDArray

from starwatch.ratings.rejects import Reason
from starwatch.ratings.scale import Scale

REASONS = tuple(Reason)
GOOD = 255
"""In a column of verdicts: a rating; other values are places in `REASONS`."""

_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d{1,4})?", re.ASCII)
_LONGEST = 64


def verdict(reason: Reason) -> int:
    """The place of a reason in `REASONS`, for columns of verdicts."""
    return REASONS.index(reason)


def star_index(text: str, scale: Scale) -> int | Reason:
    """The step of one value as text, or why there is none."""
    stripped = text.strip()
    if not stripped:
        return Reason.MISSING_STARS
    if len(stripped) > _LONGEST or not _NUMBER.fullmatch(stripped):
        return Reason.BAD_STARS
    index = scale.index_of(Decimal(stripped))
    return Reason.OFF_SCALE if index is None else index


def star_columns(
    texts: Iterable[bytes | str | None], scale: Scale
) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    """Steps and verdicts of the distinct texts of a block; None is a missing value."""
    steps, verdicts = [], []
    for text in texts:
        plain = text.decode(errors="replace") if isinstance(text, bytes) else text or ""
        found = star_index(plain, scale)
        steps.append(0 if isinstance(found, Reason) else found)
        verdicts.append(verdict(found) if isinstance(found, Reason) else GOOD)
    return np.array(steps, np.uint8), np.array(verdicts, np.uint8)
