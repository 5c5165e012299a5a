"""Everything that views know of a state: built from files and journal, then kept up to date."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import pyarrow as pa

from starwatch.history.panes import pane_tables
from starwatch.history.tiers import DAY_MS, tier_for
from starwatch.journal.pane_files import PaneFile
from starwatch.journal.portions import Portion
from starwatch.views.arrivals import Arrivals
from starwatch.views.blocks import Block
from starwatch.views.current import CurrentWindows
from starwatch.views.moment import Moment
from starwatch.views.past import PaneReader
from starwatch.views.totals import Totals
from starwatch.views.unfiled import Part, Unfiled
from starwatch.windows.job import Job
from starwatch.windows.products import ProductIds
from starwatch.windows.spec import WindowSpec
from starwatch.windows.watermark import FOREVER

MEMORY_BYTES = 512 << 20
"""Of panes, beside ids and totals of all products: a hundred thousand active products fit."""


@dataclass(frozen=True, slots=True)
class Bases:
    """The lengths of panes that are counted from ratings; all other ones are sums of these.

    Attributes:
        lengths: Rising; mostly one, the shortest.
    """

    lengths: tuple[int, ...]

    @classmethod
    def of(cls, tiers: Iterable[int]) -> "Bases":
        """Those of all lengths that are kept."""
        lengths: list[int] = []
        for tier in tiers:
            if all(tier % base for base in lengths):
                lengths.append(tier)
        return cls(tuple(lengths))

    def base_of(self, tier: int) -> int:
        """The one that a length is a multiple of."""
        return next(base for base in self.lengths if tier % base == 0)


@dataclass(frozen=True, slots=True)
class Counted:
    """What a range of journal entries adds, before products have codes.

    Attributes:
        first: The first entry.
        last: The last one.
        arrivals: When its ratings came.
        panes: By base, with the columns of `history.panes.pane_schema`.
    """

    first: int
    last: int
    arrivals: Arrivals
    panes: Mapping[int, pa.Table]


class Picture:
    """A state as of one commit, brought forward commit by commit; not safe between threads.

    Args:
        job: The rules.
        reader: Reads files of panes.
        moment: The state as it is now; its files are read, and what is behind them is still to
            be taken.
        memory: Bytes of panes that are kept in memory at most.

    Raises:
        FileNotFoundError: a file was let go meanwhile.
        BadState: a file cannot be read.

    Attributes:
        moment: The state as of which this is.
        seen: The last journal entry that is in it.
        products: All products that were rated.
        arrivals: When ratings came.
        current: The newest windows, for each spec of the job.
        unfiled: By base, what no file holds yet.
        totals: What every product got.
        first_ms: Where the first pane starts; None before there is one.
        last_ms: Where the last one starts.
    """

    def __init__(
        self, job: Job, reader: PaneReader, moment: Moment, memory: int = MEMORY_BYTES
    ) -> None:
        self.job = job
        self.moment = moment
        self.seen = moment.panes_upto
        self.products = ProductIds()
        self.arrivals = Arrivals()
        self.totals = Totals(job.scale.steps)
        self.first_ms: int | None = None
        self.last_ms: int | None = None
        self.bases = Bases.of(moment.tiers)
        self.unfiled = {base: Unfiled(moment.panes_upto) for base in self.bases.lengths}
        self._share = memory // (len(self.bases.lengths) + len(job.windows))
        self.current = [
            CurrentWindows(spec, job.scale.steps, job.lateness_ms, self._share)
            for spec in job.windows
        ]
        self._reader = reader
        self._span(moment.files)
        for file in moment.files:
            if file.tier_ms == DAY_MS:
                self._total(file)
        for spec in self.current:
            self._load(spec)

    def counted(self, portion: Portion) -> Counted:
        """Count ratings with at least `history.panes.COLUMNS`; changes nothing, needs no lock."""
        arrivals = Arrivals()
        arrivals.take(portion.ratings, self.job)
        ratings = pa.Table.from_batches([portion.ratings])
        panes = dict(pane_tables(ratings, self.job, self.bases.lengths, self.products.by_code))
        return Counted(portion.first, portion.last, arrivals, panes)

    def take(self, moment: Moment, fresh: Sequence[Counted]) -> None:
        """Go on to a later commit.

        Args:
            moment: The state then.
            fresh: The entries behind `seen`, in order.
        """
        added = _added(self.moment.files, moment.files)
        self.moment = moment
        self._span(added)
        for file in added:
            if file.tier_ms == DAY_MS and is_backfilled(file):
                self._total(file)
        for each in fresh:
            self.arrivals.add(each.arrivals)
            blocks = self._coded(each)
            shortest = blocks[self.bases.lengths[0]]
            self.totals.add(shortest, len(self.products))
            if len(shortest):
                self._reaches(int(shortest.start_ms.min()), int(shortest.start_ms.max()))
            for current in self.current:
                number = self.closed(current.spec)
                current.take(blocks[self.base_for(current.spec)], len(self.products), number)
            self._keep(blocks, each)
            self.seen = each.last
        for current in self.current:
            number = self.closed(current.spec)
            if number is not None:
                current.advance(number)

    def is_cut(self, moment: Moment, fresh: Sequence[Counted]) -> bool:
        """Whether files hold only the beginning of a part of what none held before.

        Args:
            moment: A later commit, whose files these are.
            fresh: What is still to be taken up to it.
        """
        upto = moment.panes_upto
        held = any(unfiled.is_cut(upto) for unfiled in self.unfiled.values())
        return held or any(each.first <= upto < each.last for each in fresh)

    def file(self, again: Sequence[Counted] | None) -> None:
        """Let go what files hold by now.

        Args:
            again: Where that cut a part: the entries behind those in files, counted anew.
        """
        upto = self.moment.panes_upto
        if again is None:
            self.unfiled = {base: parts.behind(upto) for base, parts in self.unfiled.items()}
            return
        self.unfiled = {base: Unfiled(upto) for base in self.unfiled}
        for each in again:
            self._keep(self._coded(each), each)

    def tidied(self) -> dict[int, Unfiled]:
        """`unfiled` in few parts and within its memory; changes nothing, and needs no lock."""
        return {base: unfiled.tidied(self._share) for base, unfiled in self.unfiled.items()}

    def base_for(self, spec: WindowSpec) -> int:
        """The base that the windows of a spec of the job are put together of."""
        return self.bases.base_of(self.tier_for(spec))

    def tier_for(self, spec: WindowSpec) -> int:
        """The longest kept panes that the windows of a spec of the job are put together of."""
        tier = tier_for(spec.size_ms, spec.slide_ms, spec.offset_ms, self.moment.tiers)
        if tier is None:
            raise AssertionError("every window of a job is a sum of its shortest panes")
        return tier

    def closed(self, spec: WindowSpec) -> int | None:
        """The newest closed window; None before one has closed.

        At the end of a replay all are closed; the newest then is the one that follows the newest
        rating, for those behind it only hold less and less.
        """
        watermark = self.moment.watermark_ms
        if watermark is None:
            return None
        if not self._at_the_end:
            return spec.last_end_at(watermark)
        newest = self.newest_ms
        return None if newest is None else spec.last_end_at(newest) + 1

    def last_closed(self, spec: WindowSpec) -> int | None:
        """The last closed window that may hold a rating; None before one has closed."""
        if self.moment.watermark_ms is None or self.last_ms is None:
            return None
        last = spec.last_end_at(self.last_ms) + spec.panes
        return last if self._at_the_end else min(last, spec.last_end_at(self.moment.watermark_ms))

    def open(self, spec: WindowSpec) -> int | None:
        """The open window that the newest rating is in, or the next to close; None without one.

        At the end of a replay none is.
        """
        newest, closed = self.newest_ms, self.closed(spec)
        if newest is None or self._at_the_end:
            return None
        number = spec.last_end_at(newest)
        return (number if closed is None else max(number, closed)) + 1

    @property
    def _at_the_end(self) -> bool:
        """Whether a replay has closed all windows."""
        return self.moment.watermark_ms is not None and self.moment.watermark_ms >= FOREVER

    @property
    def newest_ms(self) -> int | None:
        """The newest window time of a rating; None before there is one."""
        return self.last_ms if self.arrivals.top_ms is None else self.arrivals.top_ms

    def _coded(self, counted: Counted) -> Mapping[int, Block]:
        return {base: Block.of(table, self.products) for base, table in counted.panes.items()}

    def _keep(self, blocks: Mapping[int, Block], counted: Counted) -> None:
        for base, block in blocks.items():
            part = Part(counted.first, counted.last, block.by_code())
            self.unfiled[base] = self.unfiled[base].with_part(part)

    def _load(self, current: CurrentWindows) -> None:
        """Take the newest panes out of files."""
        number = self.closed(current.spec)
        since = None if number is None else current.first_start_ms(number)
        tier = self.tier_for(current.spec)
        gone = self.moment.since_ms.get(tier)
        if gone is not None:
            current.whole_from = current.spec.last_end_at(gone - 1) + 1 + current.spec.panes
        for file in self.moment.files:
            if file.tier_ms != tier or is_backfilled(file):
                continue
            if since is None or file.last_ms >= since:
                block = Block.of(self._reader.whole(file, from_ms=since), self.products)
                self.totals.add(Block.empty(self.job.scale.steps), len(self.products))
                self.totals.see(block)
                current.take(block, len(self.products), number)
        if number is not None:
            current.advance(number)

    def _total(self, file: PaneFile) -> None:
        block = Block.of(self._reader.whole(file), self.products)
        self.totals.add(block, len(self.products))

    def _span(self, files: Sequence[PaneFile]) -> None:
        """How far the panes reach; days tell it only where no shorter ones are left."""
        for file in files:
            if file.tier_ms == self.bases.lengths[0]:
                self._reaches(file.first_ms, file.last_ms)
        for file in files:
            if file.tier_ms == DAY_MS and file.first_ms + DAY_MS <= (self.first_ms or file.last_ms):
                self._reaches(file.first_ms, file.last_ms)

    def _reaches(self, first: int, last: int) -> None:
        self.first_ms = first if self.first_ms is None else min(self.first_ms, first)
        self.last_ms = last if self.last_ms is None else max(self.last_ms, last)


def is_backfilled(file: PaneFile) -> bool:
    """Whether a backfill made a file of panes."""
    return file.entries is None


def lost(before: Sequence[PaneFile], after: Sequence[PaneFile]) -> list[PaneFile]:
    """The files that were let go; not those that were merged, whose panes are in another one."""
    if before is after:
        return []
    kept = {file.name for file in after}
    gone = [file for file in before if file.name not in kept]
    fresh = _added(before, after) if gone else []
    return [file for file in gone if not any(_holds(other, file) for other in fresh)]


def _holds(merged: PaneFile, file: PaneFile) -> bool:
    """Whether the range of a file lies in that of a merged one."""
    if merged.tier_ms != file.tier_ms or merged.entries is None or file.entries is None:
        return False
    return merged.entries[0] <= file.entries[0] and file.entries[1] <= merged.entries[1]


def _added(before: Sequence[PaneFile], after: Sequence[PaneFile]) -> list[PaneFile]:
    if before is after:
        return []
    known = {file.name for file in before}
    return [file for file in after if file.name not in known]
