"""What a state needs from time to time, beside the run: snapshots, files, retention (§7).

Files are written by a thread of their own; they count once a later commit has named them, so a
crash at any moment leaves nothing but files to sweep away.
"""

import logging
import time
from collections.abc import Callable, Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass, replace
from functools import partial

from starwatch.engine import Engine, Snapshot
from starwatch.errors import BadState, OutputFailed
from starwatch.failpoints import reached
from starwatch.history.files import write_panes
from starwatch.history.merging import MOST_BYTES, merge, put_in_place, to_merge
from starwatch.history.panes import COLUMNS
from starwatch.journal.pane_files import PaneFile, PaneMerge, PaneRange
from starwatch.journal.places import Places
from starwatch.journal.retention import Pruning, Retention
from starwatch.journal.sealing import Sealing, seal
from starwatch.journal.snapshots import Snapshots
from starwatch.journal.store import Journal
from starwatch.journal.written import Written, check_file
from starwatch.service.memory import give_back
from starwatch.service.pruning import Removal, forgotten, found
from starwatch.service.rhythm import Rhythm
from starwatch.windows.job import Job

_LOG = logging.getLogger(__name__)

_RATING_BYTES = 32
"""About what a rating takes in the journal."""

_PATIENCE = 6
"""How many times the usual pause a snapshot may wait where it is larger than what is new."""

_SHARE = 16
"""A merged file is at most this part of all that is kept, for it goes as a whole."""


@dataclass(frozen=True, slots=True)
class Kept:
    """What was written beside the run, to be named by the next commit.

    Attributes:
        snapshot: Name of a snapshot file and the entry up to which it goes.
        panes: Entries whose panes lie in files now.
        sealing: Entries that lie in files now, and are forgotten; their panes do too.
        merging: Files of panes that one takes the place of; they are removed after that commit.
        pruning: Files that are to be let go; they too are removed then.
    """

    snapshot: tuple[str, int] | None = None
    panes: PaneRange | None = None
    sealing: Sealing | None = None
    merging: PaneMerge | None = None
    pruning: Pruning | None = None

    @property
    def outdated(self) -> Pruning:
        """The files that do not count any more once all this is named."""
        pruning = self.pruning or Pruning()
        merged = self.merging.sources if self.merging else ()
        return replace(pruning, panes=pruning.panes + merged)


class Upkeep:
    """Writes snapshots, panes and sealed ratings beside a run, merges and lets go old ones.

    Args:
        places: Where the parts of the state are.
        snapshots: Where snapshots go.
        job: The rules of the run.
        rhythm: When a snapshot is due, and how much is worth a file.
        retention: How long and how much of the files is kept.
        clock: Seconds that never go back.
    """

    def __init__(  # noqa: PLR0913
        self,
        places: Places,
        snapshots: Snapshots,
        job: Job,
        *,
        rhythm: Rhythm = Rhythm(),  # noqa: B008 - a frozen value
        retention: Retention = Retention(),  # noqa: B008
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.snapshots = snapshots
        self._places = places
        self._job = job
        self._rhythm = rhythm
        self._clock = clock
        self._thread = ThreadPoolExecutor(1, "upkeep")
        self._work: Future[Kept] | None = None
        self._last = self._last_panes = self._last_look = clock()
        self._retention = retention
        self._removal = Removal(places)
        self._grown = False
        self._broken: set[str] = set()
        self._size = self._received = 0

    def start_if_due(self, number: int, engine: Engine) -> None:
        """Begin a snapshot of the engine as a commit left it, if it is time for one."""
        if self._work is None and self._is_worth_it(engine.received):
            self._last, self._received = self._clock(), engine.received
            # In a list, to be taken out: the pool holds what it was given until all is done.
            self._work = self._thread.submit(self._write, number, [engine.snapshot()])

    def _is_worth_it(self, received: int) -> bool:
        """Whether enough time has passed; more of it where a snapshot is much and the news little.

        A large snapshot every ten seconds would wear a disk out, and going through the journal of a
        minute is a matter of a second.
        """
        waited = self._clock() - self._last
        news = (received - self._received) * _RATING_BYTES
        soon, late = self._rhythm.snapshot_seconds, _PATIENCE * self._rhythm.snapshot_seconds
        return waited >= soon and (news >= self._size or waited >= late)

    def finished(self) -> Kept | None:
        """What was written since the last call, once.

        Raises:
            OutputFailed: it could not be written.
        """
        if self._work is None or not (self._work.done() or self._rhythm.snapshot_seconds <= 0):
            return None
        return self._result()

    def complete(self, number: int) -> Kept:
        """Bring the panes up to the last commit of a run, and wait for it.

        Raises:
            OutputFailed: they could not be written.
        """
        before = self._result() if self._work is not None else Kept()
        # What was merged has its name by now, and gets it only once.
        self._work = self._thread.submit(self._complete, number, replace(before, merging=None))
        return replace(self._result(), merging=before.merging)

    def prune(self, journal: Journal) -> None:
        """Let go all that is due, here and now; for the start and the end of a run."""
        self._thread.submit(self._remove, forgotten(journal, self._retention)).result()

    def remove(self, pruning: Pruning) -> None:
        """Remove the files that a commit has let go, beside the run."""
        self._thread.submit(self._remove, pruning)

    def close(self) -> None:
        """Wait for what is being written; the next start sweeps it away."""
        self._thread.shutdown()

    def _result(self) -> Kept:
        work, self._work = self._work, None
        try:
            kept = work.result() if work else Kept()
            if kept.merging:
                put_in_place(self._places.history, kept.merging)
        except OSError as error:
            raise OutputFailed(
                f"the state cannot be written: {error.strerror or error}",
                hint="Make room on the disk and start again; nothing that was committed is lost",
            ) from None
        return kept

    def _write(self, number: int, state: list[Snapshot]) -> Kept:
        with closing(Journal(self._places.database, reading=True)) as journal:
            self.snapshots.sweep({name for name, _ in journal.snapshots()})
            snapshot = self.snapshots.write(number, state.pop()), number
            self._size = self.snapshots.size(snapshot[0])
            pruning = self._prune(journal)
            panes = self._panes(journal, number)
            sealing = self._seal(journal, panes)
            # One or the other, so that none waits long for the commit that names it; and what is
            # let go is not merged.
            busy = panes or sealing or pruning
            merging = None if busy else self._merge(journal.pane_files())
        self._grown = bool(panes or sealing)
        give_back()
        return Kept(snapshot, panes, sealing, merging, pruning)

    def _complete(self, number: int, before: Kept) -> Kept:
        with closing(Journal(self._places.database, reading=True)) as journal:
            done = before.panes or PaneRange(journal.panes_upto(), ())
            if not journal.ratings(done.entry, number):
                return before
            entries = journal.entries(done.entry, number, COLUMNS)
            panes = write_panes(self._places.history, self._job, entries)
        return replace(before, panes=PaneRange(panes.entry, done.files + panes.files))

    def _remove(self, pruning: Pruning) -> None:
        self._removal.add(pruning)
        self._removal.attempt()

    def _prune(self, journal: Journal) -> Pruning | None:
        """Find what is due, where files were added or it was not looked for long."""
        self._removal.attempt()
        if not self._grown and self._clock() - self._last_look < self._rhythm.prune_seconds:
            return None
        self._last_look = self._clock()
        pruning = found(journal, self._retention)
        if not pruning:
            return None
        reached("prune.found")
        return pruning

    def _is_much(self, ratings: int, entries: int) -> bool:
        return ratings >= self._rhythm.seal_ratings or entries >= self._rhythm.seal_entries

    def _panes(self, journal: Journal, number: int) -> PaneRange | None:
        """Write the panes of what was committed, where it is much or waited long."""
        done = journal.panes_upto()
        ratings = journal.ratings(done, number)
        waited = self._clock() - self._last_panes >= self._rhythm.pane_seconds
        if not ((waited and ratings) or self._is_much(ratings, number - done)):
            return None
        self._last_panes = self._clock()
        reached("history.before")
        return write_panes(self._places.history, self._job, journal.entries(done, number, COLUMNS))

    def _seal(self, journal: Journal, panes: PaneRange | None) -> Sealing | None:
        """Seal what lies before the newest snapshot with a name, which becomes the older one.

        What is not in panes yet stays in the journal.
        """
        snapshot = max((entry for _, entry in journal.snapshots()), default=0)
        upto = min(snapshot, panes.entry if panes else journal.panes_upto())
        first, ratings, entries = journal.to_seal(upto)
        if not self._is_much(ratings, entries):
            return None
        reached("seal.before")
        read = partial(journal.entries, 0, upto)
        return seal(self._places.ratings, first, read)

    def _merge(self, files: Iterable[PaneFile]) -> PaneMerge | None:
        """Merge some files of panes, where there are many small ones."""
        kept = self._retention.keep_bytes
        most = MOST_BYTES if kept is None else min(MOST_BYTES, kept // _SHARE)
        whole = (file for file in files if file.name not in self._broken)
        sources = to_merge(whole, fewest=self._rhythm.merge_files, most_bytes=most)
        if not sources or not all(self._intact(file) for file in sources):
            return None
        reached("merge.before")
        return merge(self._places.history, sources)

    def _intact(self, file: PaneFile) -> bool:
        """Whether a file is as it was written: a new checksum must not hide that it is not."""
        hint = "It is merged with no others. Restore a backup of the state"
        try:
            check_file(self._places.history / file.name, Written(file.size, file.crc), hint=hint)
        except BadState as error:
            _LOG.warning("%s", error)
            self._broken.add(file.name)
        return file.name not in self._broken
