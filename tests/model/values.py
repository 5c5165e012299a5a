"""What goes into the model and what comes out."""

from dataclasses import dataclass

from starwatch.windows.job import Job, WindowTime
from starwatch.windows.spec import WindowSpec

INFINITY = 2**63 - 1
"""The watermark after the end of a replay; no time is beyond it."""

Row = tuple[int, str, int, tuple[int, ...], int]
"""Spec index, product, end of the window in ms, count of each star, revision."""


@dataclass(frozen=True, slots=True)
class Rating:
    """One rating as it comes through the door."""

    arrival_ms: int
    partition: int
    position: int
    product: str
    reviewer: str
    star_index: int
    event_ms: int | None
    rating_id: str = ""

    def window_time(self, job: Job) -> int:
        """The time that decides its windows (§4)."""
        if job.time is WindowTime.ARRIVAL or self.event_ms is None:
            return self.arrival_ms
        return self.event_ms


def ends_of(time_ms: int, spec: WindowSpec) -> list[int]:
    """The ends of all windows with start <= time < end, from the first to the last."""
    first = first_end_after(time_ms, spec)
    return list(range(first, first + spec.size_ms, spec.slide_ms))


def first_end_after(time_ms: int, spec: WindowSpec) -> int:
    """The smallest end of a window that is larger than a time."""
    into_slide = (time_ms - spec.offset_ms) % spec.slide_ms
    return time_ms - into_slide + spec.slide_ms


def by_bytes(product: str) -> bytes:
    """The key by which products are ordered."""
    return product.encode("utf-8")
