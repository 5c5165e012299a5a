"""Everything that a state has journalled once more through a fresh engine, for the rows it emits.

The rows themselves are kept in the outputs alone. So `starwatch verify` lets the engine emit them
again, to compare them with what a recomputation makes of the same ratings.
"""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from contextlib import closing
from pathlib import Path, PurePath

import numpy as np
import pyarrow as pa
import pyarrow.dataset as ds

from starwatch.engine import Engine
from starwatch.errors import BadState
from starwatch.journal.entries import SCHEMA, Mark, as_batch, joined
from starwatch.journal.listing import require_all
from starwatch.journal.store import Journal
from starwatch.ports import RowContext
from starwatch.ratings.batch import Batch
from starwatch.service.restoring import give
from starwatch.sinks.tables import table
from starwatch.windows.job import Job
from starwatch.windows.rows import WindowRows

_RATINGS = 1 << 16
"""Sealed ratings given at once: as many as a commit holds."""

_ROWS = 1 << 16
"""Window rows from which a table is worth its making."""

_SEALED = SCHEMA.insert(0, pa.field("seq", pa.int64()))


def emitted_again(journal: Journal, ratings: Path, job: Job) -> Iterator[pa.Table]:
    """The rows that an engine emits for what is journalled, in order, some at a time.

    Args:
        journal: The journal, seen at one moment.
        ratings: The state's folder of sealed ratings.
        job: The rules.

    Yields:
        Tables with the columns of `starwatch.sinks.tables.schema`.

    Raises:
        BadState: what is journalled or sealed is broken.
    """
    engine = Engine(job)
    context = RowContext(job, engine.products)
    waiting = [WindowRows.empty(job.scale.steps)]
    number = 0
    for step in joined(journalled(journal, ratings)):
        if len(rows := give(engine, step)):
            waiting.append(rows)
            number += len(rows)
        if number >= _ROWS:
            yield table(WindowRows.concat(waiting), context)
            waiting, number = [], 0
    if waiting:
        yield table(WindowRows.concat(waiting), context)


def journalled(journal: Journal, ratings: Path) -> Iterator[Batch | Mark]:
    """All inputs in their order, from the first one on: sealed ones, then the journal's entries.

    Rejects of sealed ranges are left out; they move nothing but the books.

    Raises:
        NotKept: the first ones were let go.
        BadState: what is journalled or sealed is broken.
    """
    require_all(journal)
    yield from _sealed(ratings, journal.sealed(), journal.sealed_marks())
    with closing(journal.entries()) as entries:
        for _, entry in entries:
            yield from entry.steps()


def _sealed(folder: Path, names: Sequence[str], marks: Sequence[Mark]) -> Iterator[Batch | Mark]:
    """Sealed ratings with the marks among them; a mark stands before the rating of its number."""
    given = 0
    for files in _ranges(names):
        for part in _in_order([folder / name for name in files]):
            seq = part.column("seq").to_numpy()
            batch, done = as_batch(part.select(SCHEMA.names)), 0
            while given < len(marks) and marks[given].after <= seq[-1]:
                at = int(np.searchsorted(seq, marks[given].after))
                yield batch.slice(done, at)
                yield marks[given]
                done, given = at, given + 1
            yield batch.slice(done, len(batch))
    yield from marks[given:]


def _ranges(names: Sequence[str]) -> list[list[str]]:
    """The files of each range of the journal, which differ by the day; ranges in their order."""
    ranges: defaultdict[str, list[str]] = defaultdict(list)
    for name in names:
        ranges[PurePath(name).name].append(name)
    return [ranges[stem] for stem in sorted(ranges)]


def _in_order(files: Sequence[Path]) -> Iterator[pa.RecordBatch]:
    """The ratings of one range by their numbers, some at a time."""
    try:
        found = ds.dataset([str(file) for file in files], schema=_SEALED).to_table()
    except (OSError, pa.ArrowInvalid) as error:
        raise BadState(
            f"sealed ratings cannot be read ({error})", hint="Restore a backup of the state"
        ) from None
    yield from found.sort_by("seq").combine_chunks().to_batches(max_chunksize=_RATINGS)
