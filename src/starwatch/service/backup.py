"""A copy of a state as one commit left it, made while a run may write on.

The database is copied by SQLite's online backup: one read transaction, which holds up no writer. It
names the files that belong to it. These are never changed once they have a name, so on one disk
the copy shares them (hard links); elsewhere their bytes are copied.
"""

import errno
import os
import shutil
import tarfile
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from starwatch.disk import sync_file, sync_folder
from starwatch.errors import BadSetting, BadState, OutputFailed, StateError
from starwatch.failpoints import reached
from starwatch.journal.copying import begun_of, copy_database
from starwatch.journal.packed import ARCHIVES, archive_mode
from starwatch.journal.places import DATABASE, folder_of
from starwatch.journal.written import Written, check_file
from starwatch.service.privacy import KEY_FILE

_FULL = {errno.ENOSPC, errno.EDQUOT}
_ATTEMPTS = 100


@dataclass(frozen=True, slots=True)
class BackedUp:
    """What a backup holds.

    Attributes:
        commit: The number of the last commit in it.
        files: How many files it has beside the database.
        size: The bytes of everything in it.
    """

    commit: int
    files: int
    size: int


def back_up(state: Path, target: Path) -> BackedUp:
    """Copy a state; nothing has the target's name before all of it is on the disk.

    Args:
        state: The state directory; a run may write to it meanwhile.
        target: What the copy will be called: a folder, or one file where the name ends in `.tar`,
            `.tar.gz` or `.tgz`.

    Raises:
        BadSetting: the target is there already, would be part of the state, or has the ending of
            another kind of archive.
        BadState: the state is broken.
        OutputFailed: the disk is full or fails; nothing is left of the copy then.
    """
    mode = archive_mode(target)
    _check(state, target)
    part = target.with_name(f".{target.name}.{os.getpid()}.part")
    with _disk_errors(target), ExitStack() as leftovers:
        leftovers.callback(shutil.rmtree, part, ignore_errors=True)
        shutil.rmtree(part, ignore_errors=True)  # of a process of this number that was killed
        part.mkdir()
        done = _copy_state(state, part)
        reached("backup.copied")
        whole = part if mode is None else _packed(part, target, mode, leftovers)
        if os.path.lexists(target):
            raise _is_there(target)
        whole.rename(target)
        sync_folder(target.parent)
    return done


def _check(state: Path, target: Path) -> None:
    if os.path.lexists(target):
        raise _is_there(target)
    if not target.parent.is_dir():
        raise BadSetting(f"there is no folder {target.parent}", hint="Make it first")
    if target.resolve().is_relative_to(state.resolve()):
        raise BadSetting(
            f"{target} lies in the state itself", hint="Name a place outside, best another disk"
        )


def _is_there(target: Path) -> BadSetting:
    return BadSetting(f"{target} is there already", hint="Name a backup that is not there yet")


@contextmanager
def _disk_errors(target: Path) -> Iterator[None]:
    """What the operating system says of the copy, as an error of ours."""
    try:
        yield
    except OSError as error:
        raise OutputFailed(
            f"the backup {target} cannot be written: {(error.strerror or str(error)).lower()}",
            hint="Make room or name another disk; the state is as it was",
        ) from None


def _copy_state(state: Path, part: Path) -> BackedUp:
    """Copy the database and all that it names; again as long as a run removes some of it."""
    gone: set[str] = set()
    begun = begun_of(state / DATABASE)
    for _ in range(_ATTEMPTS):
        commit, tables = copy_database(state / DATABASE, part / DATABASE)
        files = dict(_paths(tables))
        names = [*files, *_key(state)]
        missing = {name for name in names if not _bring(state / name, part / name)}
        if begun != begun_of(state / DATABASE):
            raise StateError(
                f"{state} was begun anew while it was copied", hint="Start the backup again"
            )
        if not missing:
            _check_files(state, part, files)
            return BackedUp(commit, len(names), _keep_only({DATABASE, *names}, part))
        # A run first forgets a file and then removes it: none can be named again when it is gone.
        if missing & gone:
            raise BadState(
                f"{state / min(missing & gone)} is gone, and the state needs it",
                hint="Restore an older backup; nothing was copied",
            )
        gone |= missing
    raise StateError(
        f"the files of {state} change faster than they can be copied",
        hint="Back up to the same disk, where they need not be copied",
    )


def _paths(
    tables: Mapping[str, Mapping[str, Written | None]],
) -> Iterator[tuple[str, Written | None]]:
    """Where the named files lie in a state; snapshots first, for they are the soonest removed."""
    for table in sorted(tables, key=lambda table: (table != "snapshots", table)):
        yield from ((f"{folder_of(table)}/{name}", each) for name, each in tables[table].items())


def _check_files(state: Path, part: Path, files: Mapping[str, Written | None]) -> None:
    """Refuse a copy of what is broken: whoever has it would learn so when the state is gone."""
    hint = "Restore an older backup; nothing was copied"
    for name, written in files.items():
        if written is not None:
            check_file(part / name, written, hint=hint, called=state / name)


def _key(state: Path) -> list[str]:
    """The key of the hashes of reviewers, if there is one: with another one all would differ."""
    return [KEY_FILE] if (state / KEY_FILE).is_file() else []


def _bring(source: Path, target: Path) -> bool:
    """Link or copy a file, if that was not done before; False if it is not there any more."""
    if target.exists():
        return True
    target.parent.mkdir(parents=True, exist_ok=True)
    try:
        _link_or_copy(source, target)
    except FileNotFoundError:
        return False
    return True


def _link_or_copy(source: Path, target: Path) -> None:
    try:
        target.hardlink_to(source)
    except FileNotFoundError:
        raise
    except OSError as error:
        if error.errno in _FULL:
            raise
    else:
        return
    shutil.copy(source, target)  # who may read it goes with it
    sync_file(target)


def _keep_only(names: set[str], part: Path) -> int:
    """Remove what an earlier attempt brought and nothing names; the bytes of the rest, synced."""
    size = 0
    for path in sorted(part.rglob("*"), reverse=True):  # what is in a folder before the folder
        if path.is_dir():
            sync_folder(path)
        elif path.relative_to(part).as_posix() in names:
            size += path.stat().st_size
        else:
            path.unlink()
    sync_folder(part)
    return size


def _packed(part: Path, target: Path, mode: str, leftovers: ExitStack) -> Path:
    """All of a copy as one file beside it, with a folder of the target's name inside."""
    whole = part.with_suffix(".tar.part")
    leftovers.callback(whole.unlink, missing_ok=True)
    end = next(end for end in ARCHIVES if target.name.lower().endswith(end))
    with tarfile.open(whole, mode) as archive:  # type: ignore[call-overload]
        archive.add(part, target.name[: -len(end)] or "state")
    sync_file(whole)
    return whole
