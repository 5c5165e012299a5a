"""Reviewers are erased from a state: of each, one random token is all that is left.

New files are written first; one transaction names them and changes the database; then the old ones
go. A crash leaves a state with all of the ids or with none, and files that nothing names, which are
swept away as the state is opened.
"""

import secrets
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from starwatch.admission.renaming import renamed
from starwatch.errors import BadState
from starwatch.failpoints import reached
from starwatch.journal.entries import SCHEMA
from starwatch.journal.erasing import Erasing, of_reviewers, spellings, with_tokens
from starwatch.journal.lock import BACKFILL, DirectoryLock
from starwatch.journal.places import Places
from starwatch.journal.rating_files import SealedFile, write_file
from starwatch.journal.schema import nobody_reads_the_past
from starwatch.ratings.batch import NO_TIME
from starwatch.service.privacy import kept_forms
from starwatch.service.state import State, disk_errors

_CONTENT = ("stars", "event_ms", "product", "reviewer", "rating_id")
"""What a rating is known by, in the order of the journal."""


@dataclass(frozen=True, slots=True)
class Erased:
    """What was changed.

    Attributes:
        ratings: How many ratings have a token for a reviewer now.
        rejects: Of how many rejects nothing is kept of what they looked like.
        gone: Whether nothing of the ids is left in any file; not so as long as somebody reads it.
    """

    ratings: int
    rejects: int
    gone: bool


def erase(state: State, reviewers: Sequence[str]) -> Erased:
    """Take reviewers out of a state, all of them or none.

    Args:
        state: Held for writing.
        reviewers: Their ids as they came, not empty.

    Raises:
        StateLocked: a backfill goes on.
        BadState: a part of it is broken; nothing is changed.
        OutputFailed: the disk is full or fails; nothing is changed.
    """
    with disk_errors(state.directory), DirectoryLock(state.directory, BACKFILL):
        ids = kept_forms(state.directory, reviewers)
        tokens = {each: f"erased-{secrets.token_hex(16)}" for each in ids}
        places, journal = Places(state.directory), state.journal
        files, sealed = [], 0
        for name in [*journal.sealed(), *journal.backfilled()]:
            if count := _found(places.ratings / name, tokens):
                files.append((name, _rewritten(places.ratings, name, tokens)))
                sealed += count
                reached("erase.written")
        old_files = [old for old, _ in files]
        snapshots = _snapshots(state, places, old_files, tokens)
        reached("erase.before")
        erasing = Erasing(tokens, spellings(ids), files, snapshots)
        ratings, rejects = journal.erase(erasing)
        reached("erase.after")
        gone = _removed(state, places, old_files)
        reached("erase.removed")
        gone &= (
            journal.compact()
        )  # also where nothing was found: a call before may have been killed
        return Erased(sealed + ratings, rejects, gone)


def _found(path: Path, tokens: Mapping[str, str]) -> int:
    """How many ratings of a file are by the reviewers."""
    reviewers = _read(path, ["reviewer"])["reviewer"]
    return int(of_reviewers(reviewers, tokens).to_numpy().sum())


def _rewritten(folder: Path, name: str, tokens: Mapping[str, str]) -> SealedFile:
    """Write a file of sealed ratings anew beside the old one, with tokens for the reviewers."""
    table = _read(folder / name)
    at = table.schema.get_field_index("reviewer")
    table = table.set_column(at, "reviewer", with_tokens(table["reviewer"], tokens))
    path = Path(name)
    stem = path.name.partition(".")[0]
    new = path.with_name(f"{stem}.{secrets.token_hex(4)}.parquet")
    return write_file(folder, new.as_posix(), table)


def _read(path: Path, columns: list[str] | None = None) -> pa.Table:
    try:
        with pq.ParquetFile(path) as file:
            return file.read(columns)
    except (OSError, pa.ArrowException) as error:
        raise BadState(
            f"sealed ratings cannot be read ({error})", hint="Restore a backup of the state"
        ) from None


def _snapshots(
    state: State, places: Places, files: Sequence[str], tokens: Mapping[str, str]
) -> list[tuple[str, str]]:
    """Write snapshots anew that remember ratings of the reviewers; pairs of old and new name.

    One that is broken stays as it is: it is passed over whenever a run begins.
    """
    ratings = _known_by_content(state, [places.ratings / name for name in files], tokens)
    if not len(ratings):
        return []
    names = with_tokens(ratings["reviewer"], tokens).combine_chunks()
    pairs = []
    for name, number in state.journal.snapshots():
        with suppress(BadState):
            snapshot = state.snapshots.read(name)
            if snapshot["memory"]:
                memory = renamed(snapshot["memory"], ratings, names)
                new = state.snapshots.write(number, snapshot | {"memory": memory})
                pairs.append((name, new))
    return pairs


def _known_by_content(state: State, files: Sequence[Path], tokens: Mapping[str, str]) -> pa.Table:
    """Ratings of the reviewers that may be remembered by what is in them."""

    def parts() -> Iterator[pa.Table]:
        yield SCHEMA.empty_table().select(_CONTENT)
        for path in files:
            yield _read(path, list(_CONTENT)).select(_CONTENT)
        for _, entry in state.journal.entries(columns=_CONTENT):
            yield pa.Table.from_batches([entry.ratings])

    def wanted(part: pa.Table) -> pa.Table:
        part = part.filter(of_reviewers(part["reviewer"], tokens))
        own = (part["event_ms"].to_numpy() != NO_TIME) & (part["rating_id"].to_numpy() == "")
        return part.filter(pa.array(own, pa.bool_()))

    return pa.concat_tables([wanted(part) for part in parts()])


def _removed(state: State, places: Places, files: Sequence[str]) -> bool:
    """Remove what no commit names any more; False if somebody reads it, then it stays."""
    if not nobody_reads_the_past(places.database):
        return False
    for name in files:
        (places.ratings / name).unlink(missing_ok=True)
    state.snapshots.sweep({name for name, _ in state.journal.snapshots()})
    return True
