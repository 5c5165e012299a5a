"""What files of ratings hold: one pass over their columns, counted by DuckDB."""

from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from starwatch.codecs.options import InputOptions
from starwatch.errors import BrokenInput
from starwatch.ratings.batch import NO_TIME, Decoded
from starwatch.ratings.rejects import Reason, Reject
from starwatch.ratings.scale import Scale
from starwatch.sources.files import open_files
from starwatch.sources.registry import Source

DAY_MS = 86_400_000

_SCHEMA = pa.schema([("product", pa.string()), ("reviewer", pa.string()), ("event_ms", pa.int64())])
_COUNTS = f"""
    SELECT count(*), count(DISTINCT product), count(DISTINCT nullif(reviewer, '')),
           count(event_ms), min(event_ms), max(event_ms), count(DISTINCT event_ms),
           coalesce(bool_and(event_ms % {DAY_MS} = 0), false)
    FROM ratings
"""  # noqa: S608 - a number of our own

_WIDEST = Scale.parse("0..10/0.5")
_USUAL = ("1..5/1", "0.5..5/0.5", "0..5/1", "0..5/0.5", "1..10/1", "0..10/1", "0..10/0.5")
_ENOUGH = 1_000_000
"""Rows that tell a scale."""


@dataclass(frozen=True, slots=True)
class Rejected:
    """The rejects of one reason: how many, and the first of them with its file."""

    reason: Reason
    count: int
    file: str
    first: Reject


@dataclass(frozen=True, slots=True)
class Profile:
    """What was found in the files.

    Attributes:
        rows: Slots: ratings, rejects and pause lines.
        ratings: Readable ratings.
        products: Different products.
        reviewers: Different reviewers; the empty id is none.
        timed: Ratings with an event time of their own.
        earliest_ms: Of the event times; None without any.
        latest_ms: Of the event times; None without any.
        moments: Different event times.
        whole_days: Whether all event times are midnights.
        disorder_ms: How far at most an event time lies before an earlier one of its file.
        stars: Ratings by step of the scale.
        rejected: By reason, the most frequent first.
        columns: File to field to the column that holds it.
        broken: Why the last file could not be read to its end; None if it could.
    """

    rows: int
    ratings: int
    products: int
    reviewers: int
    timed: int
    earliest_ms: int | None
    latest_ms: int | None
    moments: int
    whole_days: bool
    disorder_ms: int
    stars: tuple[int, ...]
    rejected: tuple[Rejected, ...]
    columns: dict[str, dict[str, str]]
    broken: BrokenInput | None


def profile(sources: Sequence[Source], scale: Scale) -> Profile:
    """Read files to their ends, or up to where one breaks.

    Raises:
        UnknownColumn: a field of a rating is not found in one of them.
    """
    import duckdb  # noqa: PLC0415 - large, and only needed here

    tally = _Tally(sources, np.zeros(scale.steps, np.int64))
    reader = pa.RecordBatchReader.from_batches(_SCHEMA, tally.batches())
    with duckdb.connect() as connection:
        # One thread: the batches are made by this reader, and there is nothing else to share.
        connection.execute("SET threads = 1")
        connection.register("ratings", reader)
        counts = connection.execute(_COUNTS).fetchone() or ()
    if tally.usage is not None:
        raise tally.usage
    ratings, products, reviewers, timed, earliest, latest, moments, days = counts
    rejected = sorted(tally.rejected.values(), key=lambda found: (-found.count, found.reason))
    return Profile(
        rows=tally.rows,
        ratings=ratings,
        products=products,
        reviewers=reviewers,
        timed=timed,
        earliest_ms=earliest,
        latest_ms=latest,
        moments=moments,
        whole_days=days,
        disorder_ms=tally.disorder_ms,
        stars=tuple(tally.stars.tolist()),
        rejected=tuple(rejected),
        columns={source.name: dict(source.found()) for source in sources},
        broken=tally.broken,
    )


def fitting_scale(paths: Sequence[str], options: InputOptions, scale: Scale) -> Scale | None:
    """A usual scale that takes nearly all stars; None if `scale` does, or none."""
    counts = np.zeros(_WIDEST.steps, np.int64)
    off = 0
    for source in open_files(paths, options, _WIDEST):
        for block in _head(source):
            counts += np.bincount(block.stars, minlength=_WIDEST.steps)
            off += sum(reject.reason == Reason.OFF_SCALE for reject in block.rejects)
    total = int(counts.sum()) + off

    def taken(candidate: Scale) -> int:
        on = np.array([candidate.index_of(value) is not None for value in _WIDEST.values])
        return int(counts[on].sum())

    best = max(map(Scale.parse, _USUAL), key=taken)
    nearly_all = 0.99 * total  # a typo is no scale
    return best if taken(scale) < nearly_all <= taken(best) else None


def _head(source: Source) -> Iterator[Decoded]:
    rows = 0
    with suppress(BrokenInput):
        for block in source.blocks():
            yield block
            rows += block.slots
            if rows >= _ENOUGH:
                return


@dataclass(slots=True)
class _Tally:
    """What is counted while the batches pass by."""

    sources: Sequence[Source]
    stars: NDArray[np.int64]
    rows: int = 0
    disorder_ms: int = 0
    rejected: dict[Reason, Rejected] = field(default_factory=dict)
    broken: BrokenInput | None = None
    usage: Exception | None = None

    def batches(self) -> Iterator[pa.RecordBatch]:
        """The columns of all files; an error is kept, for DuckDB would wrap it into its own."""
        for source in self.sources:
            latest = NO_TIME
            try:
                for block in source.blocks():
                    latest = self._take(block, source.name, latest)
                    yield _columns(block)
            except BrokenInput as error:
                self.broken = error
                return
            except Exception as error:  # noqa: BLE001 - raised again by `profile`
                self.usage = error
                return

    def _take(self, block: Decoded, name: str, latest: int) -> int:
        self.rows += block.slots
        self.stars += np.bincount(block.stars, minlength=len(self.stars))
        for reject in block.rejects:
            known = self.rejected.get(reject.reason)
            self.rejected[reject.reason] = Rejected(
                reject.reason,
                known.count + 1 if known else 1,
                known.file if known else name,
                known.first if known else reject,
            )
        times = block.event_ms[block.event_ms != NO_TIME]
        if len(times):
            highest = np.maximum.accumulate(np.maximum(times, latest))
            self.disorder_ms = max(self.disorder_ms, int((highest - times).max()))
            latest = int(highest[-1])
        return latest


def _columns(block: Decoded) -> pa.RecordBatch:
    times = pa.array(block.event_ms, mask=block.event_ms == NO_TIME)
    return pa.record_batch([block.product, block.reviewer, times], schema=_SCHEMA)
