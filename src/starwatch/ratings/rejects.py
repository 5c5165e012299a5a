"""A rating that cannot be counted, kept as it came, with the reason."""

from dataclasses import dataclass
from enum import StrEnum

RAW_LIMIT = 4096
"""Bytes kept of a reject: enough to recognise it, too few to fill a disk."""


class Reason(StrEnum):
    """Why a rating was rejected; the list is closed, so that it can be counted."""

    UNREADABLE = "unreadable"
    MISSING_PRODUCT = "missing_product"
    MISSING_STARS = "missing_stars"
    MISSING_TIME = "missing_time"
    OFF_SCALE = "off_scale"
    BAD_STARS = "bad_stars"
    BAD_TIME = "bad_time"
    EVENT_TIME_TOO_OLD = "event_time_too_old"
    EVENT_TIME_IN_FUTURE = "event_time_in_future"
    ID_TOO_LONG = "id_too_long"


@dataclass(frozen=True, slots=True)
class Reject:
    """One refused rating.

    Attributes:
        position: Its row in the file, or its offset in the partition; from 0.
        reason: Why it was refused.
        raw: The first 4 KiB of it, as received.
    """

    position: int
    reason: Reason
    raw: bytes
