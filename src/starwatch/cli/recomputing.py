"""Brings replays and states to a recomputation: rules as plain values, inputs in their order."""

from collections import Counter
from collections.abc import Iterable
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

from starwatch.admission.ledger import Books, SpecBook
from starwatch.journal.impossible import REASONS
from starwatch.ratings.rejects import Reason
from starwatch.recompute.ratings import Inputs, Mark
from starwatch.recompute.rules import Rules, Stars, Windows
from starwatch.recompute.run import Counts
from starwatch.replay.events import Event, Joins, Leaves
from starwatch.windows.job import Job, WindowTime

if TYPE_CHECKING:
    from starwatch.journal.store import Journal


def rules_of(job: Job) -> Rules:
    """The rules of a job as a recomputation takes them."""
    scale = job.scale
    return Rules(
        windows=tuple(Windows(w.label, w.size_ms, w.slide_ms, w.offset_ms) for w in job.windows),
        stars=Stars(
            scale.numerators,
            scale.denominator,
            tuple(f"{value.normalize():f}" for value in scale.values),
        ),
        by_arrival=job.time is WindowTime.ARRIVAL,
        bound_ms=job.bound_ms,
        lateness_ms=job.lateness_ms,
        live=job.live,
        merged=job.merged,
        duplicates="off" if job.elsewhere else str(job.duplicates),
        horizon_ms=job.horizon_ms,
        max_entries=job.max_entries,
        oldest_ms=None if job.elsewhere else job.oldest_ms,
        ahead_ms=None if job.elsewhere else job.ahead_ms,
        elsewhere=job.elsewhere,
    )


def books_of(counts: Counts) -> Books:
    """The books of a recomputation in the form in which they are journalled and printed."""
    return Books(
        received=counts.received,
        counted=counts.counted,
        duplicate=counts.duplicate,
        late=counts.late,
        rejected=counts.rejected,
        reasons={Reason(reason): number for reason, number in counts.reasons.items()},
        specs=tuple(
            SpecBook(book.expected, book.closed, book.open, book.missed) for book in counts.specs
        ),
    )


def take_timeline(inputs: Inputs, events: Iterable[Event]) -> None:
    """Take a replay from its first event to its end, where the watermark goes to infinity."""
    for event in events:
        if isinstance(event, Joins):
            for partition in event.partitions:
                inputs.mark(Mark(inputs.ratings, "join", partition))
        elif isinstance(event, Leaves):
            inputs.mark(Mark(inputs.ratings, "leave", event.partition, event.at_ms))
        else:
            inputs.batch(event)
    inputs.mark(Mark(inputs.ratings, "finish"))
    inputs.finish()


def take_journal(inputs: Inputs, journal: "Journal", ratings: Path) -> None:
    """Take everything that a state has journalled.

    Args:
        inputs: What takes it.
        journal: The journal, seen at one moment.
        ratings: The state's folder of sealed ratings.

    Raises:
        NotKept: the first of its ratings were let go.
        BadState: sealed ratings cannot be read.
    """
    from starwatch.journal.listing import require_all  # noqa: PLC0415 - only where there is one

    require_all(journal)
    inputs.sealed([str(ratings / name) for name in journal.sealed()], journal.sealed_marks())
    with closing(journal.entries()) as entries:  # read to its end or not, while it is open
        inputs.entries(entry for _, entry in entries)
    kept = Counter(str(reject.reason) for _, reject in journal.rejects())
    for reason, number in (kept + Counter(journal.rejects_gone())).items():
        if reason not in REASONS:
            inputs.rejects[reason] += number
    inputs.finish()
