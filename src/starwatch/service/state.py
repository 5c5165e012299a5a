"""A state directory as a whole: who writes to it, which job and which replay it belongs to."""

import errno
import hashlib
import os
import shutil
import uuid
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Any, Self

from starwatch.errors import BadState, OtherState, OutputFailed
from starwatch.failpoints import reached
from starwatch.journal.lock import BACKFILL, DirectoryLock
from starwatch.journal.packed import refuse_archive
from starwatch.journal.places import DATABASE, HISTORY, RATINGS, SNAPSHOTS, STAGING, Places, is_one
from starwatch.journal.schema import holds_nothing
from starwatch.journal.snapshots import Snapshots
from starwatch.journal.store import Journal
from starwatch.replay.pace import ReplayOptions
from starwatch.service.pruning import retention_of
from starwatch.service.rhythm import Rhythm
from starwatch.service.sweeping import sweep
from starwatch.service.upkeep import Upkeep
from starwatch.windows.job import Job

_ENDS_BYTES = 4096

_IDENTITY = "identity"


class State:
    """A state directory held for writing; used as a context.

    Args:
        directory: The directory; made if it is not there.
        again: Empty it first.
        rhythm: How often it commits, is snapshotted and sealed.

    Raises:
        StateLocked: another process writes to it; or, to be emptied, backfills it.
        BadState: it is corrupt, or no state of ours; or its database is gone, and not its files.
        NewerState: a newer Starwatch made it.
    """

    def __init__(
        self,
        directory: Path,
        *,
        again: bool = False,
        rhythm: Rhythm = Rhythm(),  # noqa: B008 - a frozen value
    ) -> None:
        self.directory = directory
        self.rhythm = rhythm
        _make(directory)
        places = Places(directory)
        with disk_errors(directory), ExitStack() as held:
            held.enter_context(DirectoryLock(directory))
            if again:
                with DirectoryLock(directory, BACKFILL):
                    _empty(directory)
            _refuse_lost_database(places)
            self.journal = Journal(places.database)
            held.callback(self.journal.close)
            self.snapshots = Snapshots(places.snapshots)
            self.snapshots.sweep({name for name, _ in self.journal.snapshots()})
            sweep(places, self.journal)
            self._held = held.pop_all()
        reached("state.opened")

    def __enter__(self) -> Self:
        """It is held from the start."""
        return self

    def __exit__(self, *_: object) -> None:
        """Let it go."""
        self._held.close()

    def upkeep(self, job: Job) -> Upkeep:
        """What keeps it small and quick to restore while a run of a job goes on."""
        return Upkeep(
            Places(self.directory),
            self.snapshots,
            job,
            rhythm=self.rhythm,
            retention=retention_of(self.journal),
        )

    def identity(self) -> str:
        """What tells it from all other states; a copy of it has the same."""
        known: str | None = self.journal.fact(_IDENTITY)
        if known is None:
            known = uuid.uuid4().hex
            self.journal.note({_IDENTITY: known})
        return known

    def belongs_to(self, facts: Mapping[str, Any]) -> bool:
        """Whether these named facts are its own; a new state takes them for its own.

        Returns:
            Whether there was something in it before.

        Raises:
            OtherState: one of them differs; which one is said.
        """
        known = {name: self.journal.fact(name) for name in facts}
        if all(value is None for value in known.values()):
            self.journal.note(facts)
            return False
        for name, value in facts.items():
            if known[name] != value:
                raise OtherState(
                    f"the state {self.directory} was made with another {name}: "
                    f"{_difference(known[name], value)}",
                    hint="Use the same options, another --state, or --again to begin anew",
                )
        return True


def job_facts(job: Job) -> dict[str, Any]:
    """The rules of a job as plain values, to compare and to keep."""
    rules = asdict(job) | {
        "windows": [window.label for window in job.windows],
        "scale": job.scale.label,
    }
    return {name: str(value) if isinstance(value, str) else value for name, value in rules.items()}


def file_facts(paths: Sequence[str]) -> list[dict[str, Any]]:
    """What tells files apart: path, size, and a hash of their beginning and end."""
    return [_file_facts(path) for path in paths]


def pace_facts(options: ReplayOptions) -> dict[str, Any]:
    """How a replay goes, as plain values; what changes none of its rows is left out."""
    pace = {name: str(value) for name, value in asdict(options.pace).items()}
    return pace | {"loop": options.loop, "limit": options.limit}


def _file_facts(path: str) -> dict[str, Any]:
    size = Path(path).stat().st_size
    with Path(path).open("rb") as file:
        ends = file.read(_ENDS_BYTES)
        file.seek(max(size - _ENDS_BYTES, 0))
        ends += file.read(_ENDS_BYTES)
    return {"path": path, "size": size, "hash": hashlib.sha256(ends).hexdigest()[:32]}


def _make(directory: Path) -> None:
    refuse_archive(directory)
    try:
        directory.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise BadState(
            f"the state directory {directory} cannot be made: {error.strerror}",
            hint="Give --state a folder that you may write to",
        ) from None
    if not is_one(directory):
        raise BadState(
            f"the folder {directory} holds other things than a state",
            hint="Give --state a folder of its own",
        )


@contextmanager
def disk_errors(directory: Path) -> Iterator[None]:
    """What the operating system says of a state, as errors of ours."""
    try:
        yield
    except OSError as error:
        if error.errno in {errno.ENOSPC, errno.EDQUOT}:
            raise OutputFailed(
                f"the state in {directory} cannot be written: {error.strerror}",
                hint="Make room on the disk and start again; nothing that was committed is lost",
            ) from None
        raise BadState(
            f"the state in {directory} cannot be opened: {error.strerror}",
            hint="See to it that you may write to it and to all that is in it",
        ) from None


def _refuse_lost_database(places: Places) -> None:
    """Refuse to begin where a database was: no commit would name the files, and they would go.

    A database that was cut to nothing, or whose `-wal` was removed, looks like a new one.
    """
    if not holds_nothing(places.database):
        return
    files = [*places.snapshots.glob("*.arrow")]
    for folder in (places.ratings, places.history):
        files += folder.glob("*=*/*.parquet")
    if files:
        raise BadState(
            f"the database {places.database} is gone or empty, but not the files beside it"
            f" ({len(files):,})",
            hint="Restore a backup, or begin anew with --again, which removes them;"
            " nothing was overwritten",
        )


def _empty(directory: Path) -> None:
    """Remove what a state consists of; the locks stay, for we hold them."""
    for name in (DATABASE, f"{DATABASE}-wal", f"{DATABASE}-shm"):
        (directory / name).unlink(missing_ok=True)
    for name in (SNAPSHOTS, RATINGS, HISTORY, STAGING):
        shutil.rmtree(directory / name, ignore_errors=True)


def _difference(known: Any, given: Any) -> str:
    """The first thing that two facts say differently."""
    if isinstance(known, Mapping) and isinstance(given, Mapping):
        for name in given:
            if known.get(name) != given[name]:
                return f"{name} {_short(known.get(name))}, not {_short(given[name])}"
    if isinstance(known, list) and isinstance(given, list) and len(known) == len(given):
        for one, other in zip(known, given, strict=True):
            if one != other:
                return _difference(one, other)
    return f"{_short(known)}, not {_short(given)}"


def _short(value: Any) -> str:
    if isinstance(value, list) and value and isinstance(value[0], Mapping):
        return ", ".join(os.path.basename(str(each.get("path"))) for each in value)  # noqa: PTH119
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)
