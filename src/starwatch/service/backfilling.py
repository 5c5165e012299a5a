"""Old files into the history of a state, beside a run that may write to it.

Everything is written under temporary names first, then gets its own, and counts when one short
transaction has named it. A crash at any moment leaves either nothing that counts or everything.
"""

import hashlib
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import duckdb
import numpy as np
import pyarrow as pa

from starwatch.disk import sync_folder
from starwatch.errors import BadSetting, OutputFailed, RunError
from starwatch.failpoints import reached
from starwatch.history.files import write_tables
from starwatch.history.panes import BACKFILLED_MS
from starwatch.journal.backfills import KEPT_REJECTS, Backfill, BackfillRun
from starwatch.journal.lock import BACKFILL, DirectoryLock
from starwatch.journal.places import BACKFILL_STEM, Places
from starwatch.journal.rating_files import SealedFile, filed_at, write_ratings
from starwatch.journal.store import Journal
from starwatch.ports import FileReader
from starwatch.ratings.batch import Decoded
from starwatch.recompute.backfill import BackfillRatings
from starwatch.recompute.ratings import open_database
from starwatch.recompute.rules import COUNTED, DUPLICATE
from starwatch.service.admitting import admitted
from starwatch.service.privacy import prepared_as_remembered
from starwatch.service.state import disk_errors, file_facts
from starwatch.service.sweeping import sweep_backfills
from starwatch.windows.job import Job

if TYPE_CHECKING:
    from starwatch.journal.pane_files import PaneFile

_PART_RATINGS = 1 << 18
"""Ratings that are put into panes and files at once: what takes some hundred bytes for each."""

_PART_FILES = 16
"""Files of their sealed ratings at most: old ratings are spread over years, a seal's over days."""

_REJECTS = 1 << 12
"""Rejects of one transaction: it holds up the run beside it for some milliseconds."""


@dataclass(frozen=True, slots=True)
class Taken:
    """What became of some files.

    Attributes:
        now: Those that were taken.
        before: Pairs of path and what an earlier backfill, or an earlier path, took of the same
            bytes.
    """

    now: Sequence[Backfill]
    before: Sequence[tuple[str, Backfill]]


def backfill(  # noqa: PLR0913
    directory: Path,
    job: Job,
    paths: Sequence[str],
    open_readers: Callable[[Sequence[str]], Sequence[FileReader]],
    *,
    memory: str,
    progress: Callable[[Sequence[FileReader], int], None],
) -> Taken:
    """Take old files into the history and the sealed ratings of a state, all of them or none.

    Args:
        directory: The state; a run may write to it meanwhile.
        job: Its rules.
        paths: The files; their names are kept as they are given.
        open_readers: Opens some of them; every rating that they give has an event time.
        memory: How much memory DuckDB may take, as `512MB`; the rest goes to the state's disk.
        progress: Told of the readers and how many ratings have come, again and again.

    Raises:
        StateLocked: another backfill goes on.
        BrokenInput: a file breaks off; none is taken then.
        BadState: the state is broken.
        OutputFailed: the disk is full or fails.
    """
    prints = [_Print.of(path) for path in paths]
    places = Places(directory)
    with disk_errors(directory), _database_errors(), ExitStack() as held:
        held.enter_context(DirectoryLock(directory, BACKFILL))
        journal = Journal(places.database)
        held.callback(journal.close)
        sweep_backfills(places, journal)
        journal.forget_unfinished()
        _refuse_inputs(prints, journal.fact("files") or [])
        reached("backfill.begun")
        files, before = _told_apart(prints, journal.backfills())
        if not files:
            return Taken([], before)
        held.callback(journal.forget_unfinished)
        held.callback(sweep_backfills, places, journal)
        places.staging.mkdir()
        run = _Run(files, job, journal, places)
        with open_database(memory, str(places.staging)) as database:
            ratings = BackfillRatings(database, str(job.duplicates))
            run.read(ratings, open_readers([each.path for each in files]), progress)
            run.compare(ratings)
            run.write(ratings)
        return Taken(run.name(), before)


@dataclass(frozen=True, slots=True)
class _Print:
    """What tells a file from others.

    Attributes:
        path: What it is called.
        size: Its bytes.
        hash: Of all its bytes.
        ends: Of its beginning and end, as a job keeps it of its inputs.
    """

    path: str
    size: int
    hash: str
    ends: str

    @classmethod
    def of(cls, path: str) -> Self:
        """Read a file, which must be a plain one, for it is read again."""
        if not Path(path).is_file():
            raise BadSetting(f"{path} is no plain file", hint="Write it to a file first")
        (facts,) = file_facts([path])
        with Path(path).open("rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
        return cls(path, facts["size"], digest, facts["hash"])


def _refuse_inputs(prints: Sequence[_Print], inputs: Sequence[Mapping[str, Any]]) -> None:
    """Refuse files that the job itself plays: where duplicates are off, all would count twice."""
    played = {(file["size"], file["hash"]) for file in inputs}
    for each in prints:
        if (each.size, each.ends) in played:
            raise BadSetting(
                f"{each.path} is a file that the job itself plays",
                hint="Its ratings come into the history by themselves",
            )


def _told_apart(
    prints: Sequence[_Print], taken: Sequence[Backfill]
) -> tuple[list[Backfill], list[tuple[str, Backfill]]]:
    """Files that are new, with their numbers; and those whose bytes came before."""
    known = {each.hash: each for each in taken}
    files, before = [], []
    number = max((each.id for each in taken), default=0)
    now = time.time_ns() // 1_000_000
    for one in prints:
        if one.hash in known:
            before.append((one.path, known[one.hash]))
            continue
        number += 1
        known[one.hash] = Backfill(number, one.path, one.size, one.hash, 0, 0, 0, 0, now)
        files.append(known[one.hash])
    return files, before


class _Run:
    """One backfill in progress.

    Args:
        files: The files that it takes, numbered, with empty books.
        job: The rules.
        journal: The journal of the state.
        places: Where the parts of the state are.
    """

    def __init__(
        self, files: Sequence[Backfill], job: Job, journal: Journal, places: Places
    ) -> None:
        self._files = {each.id: each for each in files}
        self._job = job
        self._journal = journal
        self._places = places
        self._staged = Places(places.staging)
        self._ratings: list[SealedFile] = []
        self._panes: list[PaneFile] = []
        self._kept_rejects: Counter[int] = Counter()
        self._classes: Counter[tuple[int, int]] = Counter()

    def read(
        self,
        ratings: BackfillRatings,
        readers: Sequence[FileReader],
        progress: Callable[[Sequence[FileReader], int], None],
    ) -> None:
        """Read all files; the first rejects of each are kept at once, and count with the rest."""
        prepare = prepared_as_remembered(self._journal, self._places.directory)
        came = 0
        for number, reader in zip(self._files, readers, strict=True):
            received = rejected = 0
            for block in reader.blocks():
                received += len(block) + len(block.rejects)
                kept = admitted(prepare(block), self._job, time.time_ns() // 1_000_000)
                ratings.take(number, kept)
                rejected += len(kept.rejects)
                self._refuse(number, kept)
                progress(readers, came + received)
            came += received
            self._files[number] = replace(self._files[number], received=received, rejected=rejected)

    def compare(self, ratings: BackfillRatings) -> None:
        """Look for all ratings in what the state holds at this moment."""
        journal = self._journal
        with journal.at_one_moment():
            names = [*journal.sealed(), *journal.backfilled()]
            files = [str(self._places.ratings / name) for name in names]
            ratings.compare_with(files, (entry.ratings for _, entry in journal.entries()))

    def write(self, ratings: BackfillRatings) -> None:
        """Write all files, under temporary names, and count what is in them."""
        seq, first = 0, min(self._files)
        for number, part in enumerate(ratings.sorted(_PART_RATINGS), 1):
            stem = f"{BACKFILL_STEM}{first:06d}-{number:06d}"
            met = pa.array(np.full(len(part), BACKFILLED_MS + self._job.lateness_ms))
            table = part.set_column(part.schema.get_field_index("met_ms"), "met_ms", met)
            self._panes += write_tables(self._staged.history, self._job, table, stem)
            numbers = pa.array(np.arange(seq, seq + len(table)))
            table = table.add_column(0, "seq", numbers)
            folder = self._staged.ratings
            self._ratings += write_ratings(
                folder, [table], filed_at(table), stem, most_files=_PART_FILES
            )
            self._count(table)
            seq += len(table)
            reached("backfill.written")

    def name(self) -> list[Backfill]:
        """Give the files their own names, then make them count; returns the books."""
        taken = [
            replace(
                each,
                counted=self._classes[each.id, COUNTED],
                duplicate=self._classes[each.id, DUPLICATE],
            )
            for each in self._files.values()
        ]
        if not all(each.balanced for each in taken):
            raise RunError(
                "the books of the backfill do not balance: a rating was lost or counted twice",
                hint="Nothing was taken; please report this, with the command that you ran",
            )
        staged, places = self._staged, self._places
        _move(staged.ratings, places.ratings, [file.name for file in self._ratings])
        _move(staged.history, places.history, [file.name for file in self._panes])
        sync_folder(places.directory)
        self._journal.name_backfill(BackfillRun(taken, self._ratings, self._panes))
        return taken

    def _refuse(self, number: int, block: Decoded) -> None:
        kept = self._kept_rejects
        rejects = block.rejects[: max(KEPT_REJECTS - kept[number], 0)]
        kept[number] += len(rejects)
        for at in range(0, len(rejects), _REJECTS):
            some = rejects[at : at + _REJECTS]
            self._journal.refuse([(number, reject) for reject in some])
            reached("backfill.refused")

    def _count(self, ratings: pa.Table) -> None:
        """Count ratings by file and class."""
        groups = ratings.group_by(["partition", "class"]).aggregate([([], "count_all")])
        for group in groups.to_pylist():
            self._classes[group["partition"], group["class"]] += group["count_all"]


def _move(source: Path, target: Path, names: Sequence[str]) -> None:
    """Move whole files, which are on the disk, so that their names last too."""
    if not names:
        return
    for name in names:
        _rename(source / name, target / name)
        reached("backfill.renamed")
    for folder in {(target / name).parent for name in names}:
        sync_folder(folder)
    sync_folder(target)


def _rename(source: Path, target: Path) -> None:
    """Rename a file into a folder, made anew where retention has just removed it as empty."""
    while True:
        target.parent.mkdir(parents=True, exist_ok=True)
        try:
            source.replace(target)
        except FileNotFoundError:
            if not source.exists():
                raise
        else:
            return


@contextmanager
def _database_errors() -> Iterator[None]:
    """What DuckDB says when there is not enough room, as errors of ours."""
    try:
        yield
    except duckdb.OutOfMemoryException as error:
        raise RunError(
            f"the backfill needs more memory ({str(error).splitlines()[0]})",
            hint="Nothing was taken; give it more, as --memory 2GB",
        ) from None
    except duckdb.IOException as error:
        raise OutputFailed(
            f"the backfill cannot be written ({str(error).splitlines()[0]})",
            hint="Nothing was taken; make room on the disk of the state",
        ) from None
