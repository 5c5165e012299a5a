"""The model: what becomes of each rating, and the rows that follow from all of them."""

from collections import Counter

from model.clock import Clock
from model.memory import Memory
from model.values import INFINITY, Rating, Row, by_bytes, ends_of, first_end_after
from starwatch.admission.ledger import Books, Class, SpecBook
from starwatch.ratings.rejects import Reason
from starwatch.windows.job import Job


class Model:
    """One job, driven by the same calls as the engine."""

    def __init__(self, job: Job) -> None:
        self.job = job
        self.clock = Clock(job)
        self.memory = Memory(job)
        self.counted: list[Rating] = []
        self.classes: Counter[Class] = Counter()
        self.reasons: Counter[Reason] = Counter()
        self.revisions: Counter[tuple[int, str, int]] = Counter()
        self.closed = [0] * len(job.windows)
        self.missed = [0] * len(job.windows)

    @property
    def watermark_ms(self) -> int | None:
        return self.clock.watermark

    def join(self, partition: int, *, caught_up: bool = False) -> None:
        self.clock.join(partition, caught_up=caught_up)

    def rate(self, rating: Rating) -> tuple[Class, list[Row]]:
        rows = self.advance(rating.arrival_ms)
        reason = self.fault(rating)
        if reason is not None:
            return self.refuse(reason), rows
        what = self.judge(rating)
        self.classes[what] += 1
        if what is not Class.DUPLICATE:
            self.memory.remember(rating)
        if what is Class.COUNTED:
            rows += self.count(rating)
        before = self.watermark_ms
        self.clock.rated(rating.partition, rating.window_time(self.job), rating.arrival_ms)
        return what, rows + self.close(before)

    def reject(self, partition: int, arrival_ms: int, reason: Reason) -> list[Row]:
        assert partition in self.clock.partitions
        rows = self.advance(arrival_ms)
        self.refuse(reason)
        return rows

    def advance(self, now_ms: int) -> list[Row]:
        before = self.watermark_ms
        self.clock.tick(now_ms)
        return self.close(before)

    def caught_up(self, partition: int, value: bool, now_ms: int) -> list[Row]:  # noqa: FBT001
        rows, before = self.advance(now_ms), self.watermark_ms
        self.clock.caught_up(partition, value=value)
        return rows + self.close(before)

    def connected(self, partition: int, value: bool, now_ms: int) -> list[Row]:  # noqa: FBT001
        rows, before = self.advance(now_ms), self.watermark_ms
        self.clock.connected(partition, value=value)
        return rows + self.close(before)

    def leave(self, partition: int, now_ms: int) -> list[Row]:
        rows, before = self.advance(now_ms), self.watermark_ms
        self.clock.leave(partition)
        return rows + self.close(before)

    def finish(self) -> list[Row]:
        before = self.watermark_ms
        self.clock.finish()
        return self.close(before)

    def restart(self) -> None:
        self.clock.restart()

    def provisional(self, spec: int) -> list[Row]:
        """The newest open window of a spec, as far as it has come."""
        top = self.clock.largest_top
        if top is None or self.watermark_ms == INFINITY:
            return []
        end = first_end_after(top, self.job.windows[spec])
        if self.passed(end):
            end = first_end_after(self.watermark_ms or 0, self.job.windows[spec])
        products = sorted({r.product for r in self.inside(spec, end)}, key=by_bytes)
        return [(spec, product, end, self.stars(spec, product, end), 0) for product in products]

    def books(self) -> Books:
        specs = range(len(self.job.windows))
        return Books(
            received=self.classes.total(),
            counted=self.classes[Class.COUNTED],
            duplicate=self.classes[Class.DUPLICATE],
            late=self.classes[Class.LATE],
            rejected=self.classes[Class.REJECTED],
            reasons=dict(self.reasons),
            specs=tuple(self.spec_book(spec) for spec in specs),
        )

    # What becomes of a rating

    def fault(self, rating: Rating) -> Reason | None:
        """Why its event time is impossible, if it is (§4)."""
        event, oldest, ahead = rating.event_ms, self.job.oldest_ms, self.job.ahead_ms
        if event is not None and oldest is not None and event < oldest:
            return Reason.EVENT_TIME_TOO_OLD
        if event is not None and ahead is not None and event > rating.arrival_ms + ahead:
            return Reason.EVENT_TIME_IN_FUTURE
        return None

    def refuse(self, reason: Reason) -> Class:
        self.classes[Class.REJECTED] += 1
        self.reasons[reason] += 1
        return Class.REJECTED

    def judge(self, rating: Rating) -> Class:
        if self.memory.holds(rating, self.watermark_ms):
            return Class.DUPLICATE
        time = rating.window_time(self.job)
        if all(self.gone(end) for spec in self.job.windows for end in ends_of(time, spec)):
            return Class.LATE
        return Class.COUNTED

    def count(self, rating: Rating) -> list[Row]:
        """Count a rating; windows that have closed but are not gone are corrected at once."""
        self.counted.append(rating)
        its = [
            (end, spec)
            for spec, window in enumerate(self.job.windows)
            for end in ends_of(rating.window_time(self.job), window)
        ]
        rows = []
        for end, spec in sorted(its):
            if self.gone(end):
                self.missed[spec] += 1
            elif self.passed(end):
                rows.append(self.row(spec, rating.product, end))
                self.closed[spec] += 1
        return rows

    # Windows, recomputed from all ratings

    def close(self, before: int | None) -> list[Row]:
        """The rows of all windows that the watermark has passed since it stood at `before`."""
        due = {
            (end, spec, by_bytes(rating.product), rating.product)
            for rating in self.counted
            for spec, window in enumerate(self.job.windows)
            for end in ends_of(rating.window_time(self.job), window)
            if self.passed(end) and (before is None or before < end)
        }
        rows = [self.row(spec, product, end) for end, spec, _, product in sorted(due)]
        for spec, _, _, stars, _ in rows:
            self.closed[spec] += sum(stars)
        return rows

    def row(self, spec: int, product: str, end: int) -> Row:
        """Emit a row: as many ratings as are in it now, and one revision more than the last."""
        key = (spec, product, end)
        revision = self.revisions[key]
        self.revisions[key] += 1
        return (spec, product, end, self.stars(spec, product, end), revision)

    def stars(self, spec: int, product: str, end: int) -> tuple[int, ...]:
        stars = [0] * self.job.scale.steps
        for rating in self.inside(spec, end):
            if rating.product == product:
                stars[rating.star_index] += 1
        return tuple(stars)

    def inside(self, spec: int, end: int) -> list[Rating]:
        start = end - self.job.windows[spec].size_ms
        return [r for r in self.counted if start <= r.window_time(self.job) < end]

    def passed(self, time: int) -> bool:
        return self.watermark_ms is not None and self.watermark_ms >= time

    def gone(self, end: int) -> bool:
        return self.passed(end + self.job.lateness_ms)

    def spec_book(self, spec: int) -> SpecBook:
        window = self.job.windows[spec]
        still_open = sum(
            not self.passed(end)
            for rating in self.counted
            for end in ends_of(rating.window_time(self.job), window)
        )
        return SpecBook(
            expected=len(self.counted) * window.panes,
            closed=self.closed[spec],
            open=still_open,
            missed=self.missed[spec],
        )
