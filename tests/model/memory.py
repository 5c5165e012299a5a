"""Which ratings came before (§6)."""

from collections.abc import Hashable

from model.values import Rating
from starwatch.windows.job import Duplicates, Job


class Memory:
    """All first arrivals in order; only the last `max_entries` are looked at."""

    def __init__(self, job: Job) -> None:
        self.job = job
        self.first_arrivals: list[tuple[Hashable, int]] = []

    def holds(self, rating: Rating, watermark: int | None) -> bool:
        """Whether a rating is the same as one that is remembered at this watermark."""
        key = self.key(rating)
        if key is None:
            return False
        return any(
            key == known and (watermark is None or watermark < time + self.job.horizon_ms)
            for known, time in self.first_arrivals[-self.job.max_entries :]
        )

    def remember(self, rating: Rating) -> None:
        """Keep a first arrival; one that has nothing to know it by again takes no place."""
        key = self.key(rating)
        if key is not None:
            self.first_arrivals.append((key, rating.window_time(self.job)))

    def key(self, rating: Rating) -> Hashable:
        """What two ratings that are the same have in common; None: it is like no other."""
        if self.job.duplicates is Duplicates.OFF:
            return None
        if rating.rating_id:
            return rating.rating_id
        if self.job.duplicates is Duplicates.IDS:
            return None
        if not rating.reviewer or rating.event_ms is None:
            return None
        return (rating.reviewer, rating.product, rating.event_ms, rating.star_index)
