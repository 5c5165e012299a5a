"""What a database of a state says of itself at one moment, as far as views want it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import msgspec

from starwatch.admission.ledger import Books
from starwatch.history.tiers import tiers_ms
from starwatch.journal.backfills import Backfill
from starwatch.journal.commit import Position
from starwatch.journal.pane_files import PaneFile
from starwatch.journal.rules import job_from_facts
from starwatch.journal.store import Journal
from starwatch.windows.job import Job
from starwatch.windows.watermark import FOREVER


@dataclass(frozen=True, slots=True)
class Moment:
    """A state as one commit left it.

    Attributes:
        identity: What tells it from all others; empty before a run has named it.
        job: The rules; None before a run has begun.
        live: Whether it is of a service.
        finished: Whether the last input of all is committed.
        watermark_ms: The watermark, `FOREVER` at the end of a replay; None before there is one.
        books: Both books.
        sources: How far each source is, by its number.
        backfills: Files that were backfilled.
        files: The files of panes.
        panes_upto: The last journal entry whose panes are in them.
        since_ms: By length of panes: of those that start before, some were let go.
    """

    identity: str
    job: Job | None
    live: bool
    finished: bool
    watermark_ms: int | None
    books: Books
    sources: Mapping[int, Position]
    backfills: Sequence[Backfill]
    files: Sequence[PaneFile]
    panes_upto: int
    since_ms: Mapping[int, int | None]

    @property
    def tiers(self) -> tuple[int, ...]:
        """Lengths of panes, rising; none before a run has begun."""
        return tiers_ms(self.job.windows) if self.job else ()

    @property
    def shown_watermark_ms(self) -> int | None:
        """The watermark as a moment; None also at the end of a replay."""
        known = self.watermark_ms
        return None if known is None or known >= FOREVER else known


def moment_of(journal: Journal) -> Moment:
    """Read it, inside `journal.at_one_moment()`."""
    rules, books = journal.fact("job"), journal.fact("books")
    job = None if rules is None else job_from_facts(rules)
    tiers = tiers_ms(job.windows) if job else ()
    return Moment(
        identity=journal.fact("identity") or "",
        job=job,
        live=bool(journal.fact("live")),
        finished=bool(journal.fact("finished")),
        watermark_ms=journal.fact("watermark_ms"),
        books=Books() if books is None else msgspec.convert(books, Books),
        sources=journal.positions(),
        backfills=journal.backfills(),
        files=journal.pane_files(),
        panes_upto=journal.panes_upto(),
        since_ms={tier: journal.panes_since(tier) for tier in tiers},
    )
