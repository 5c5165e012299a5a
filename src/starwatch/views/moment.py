"""What a database of a state says of itself at one moment, as far as views want it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec

from starwatch.admission.ledger import Books
from starwatch.history.tiers import tiers_ms
from starwatch.journal.backfills import Backfill
from starwatch.journal.catalogue import CATALOGUE
from starwatch.journal.commit import Position
from starwatch.journal.pane_files import PANES_GONE, PANES_UPTO, PaneFile
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
        catching_up: Whether its service still works off what waited before it came.
        caught_up_ms: When that last came to its end; None: it never did, or there was nothing.
        catalogue: How many catalogues were kept so far; the last one is there.
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
    catching_up: bool
    caught_up_ms: int | None
    catalogue: int

    @property
    def tiers(self) -> tuple[int, ...]:
        """Lengths of panes, rising; none before a run has begun."""
        return tiers_ms(self.job.windows) if self.job else ()

    @property
    def shown_watermark_ms(self) -> int | None:
        """The watermark as a moment; None also at the end of a replay."""
        known = self.watermark_ms
        return None if known is None or known >= FOREVER else known


class Moments:
    """Reads moments one after the other; of most facts nothing changes from one to the next.

    Args:
        journal: The database, opened to be read.
    """

    def __init__(self, journal: Journal) -> None:
        self._journal = journal
        self._texts: dict[str, str] = {}
        self._values: dict[str, Any] = {}
        self._job: tuple[str | None, Job | None] = (None, None)
        self._mark: tuple[int | None, ...] = ()
        self._files: Sequence[PaneFile] = ()

    def now(self) -> Moment:
        """Read one, inside `journal.at_one_moment()`."""
        texts = self._journal.facts()
        job = self._job_of(texts.get("job"))
        tiers = tiers_ms(job.windows) if job else ()
        gone: Mapping[str, int] = self._value(texts, PANES_GONE) or {}
        books = self._value(texts, "books")
        catching: Mapping[str, Any] = self._value(texts, "catching_up") or {}
        moment = Moment(
            identity=self._value(texts, "identity") or "",
            job=job,
            live=bool(self._value(texts, "live")),
            finished=bool(self._value(texts, "finished")),
            watermark_ms=self._value(texts, "watermark_ms"),
            books=Books() if books is None else msgspec.convert(books, Books),
            sources=self._journal.positions(),
            backfills=self._journal.backfills(),
            files=self._pane_files(),
            panes_upto=int(self._value(texts, PANES_UPTO) or 0),
            since_ms={tier: gone.get(str(tier)) for tier in tiers},
            catching_up=bool(catching.get("now")),
            caught_up_ms=catching.get("until_ms"),
            catalogue=int(self._value(texts, CATALOGUE) or 0),
        )
        self._texts = texts
        return moment

    def _value(self, texts: Mapping[str, str], name: str) -> Any:
        """A fact; what it was where its text is the same."""
        text = texts.get(name)
        if text != self._texts.get(name) or name not in self._values:
            self._values[name] = None if text is None else msgspec.json.decode(text)
        return self._values[name]

    def _job_of(self, text: str | None) -> Job | None:
        if text != self._job[0]:
            self._job = text, None if text is None else job_from_facts(msgspec.json.decode(text))
        return self._job[1]

    def _pane_files(self) -> Sequence[PaneFile]:
        """The files; the same object where they are the same."""
        mark = self._journal.panes_mark()
        if mark != self._mark:
            self._mark, self._files = mark, self._journal.pane_files()
        return self._files
