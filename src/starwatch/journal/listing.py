"""What a state still holds of its ratings: late ones, read back; and whether it holds all."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.dataset as ds

from starwatch.admission.ledger import Class
from starwatch.errors import BadState, NotKept
from starwatch.journal.entries import SCHEMA, as_batch
from starwatch.journal.store import Journal
from starwatch.ratings.batch import Batch
from starwatch.ratings.durations import moment_label


def require_all(journal: Journal) -> None:
    """See to it that every rating of a state is still kept.

    Raises:
        NotKept: some were let go; from which on there are some is said.
    """
    if not (first := journal.first_kept()):
        return
    made_ms = min((lot.made_ms for lot in journal.lots() if lot.ratings), default=None)
    since = "" if made_ms is None else f", sealed since {moment_label(made_ms)}"
    raise NotKept(
        f"this needs all ratings, and the state keeps them only from number {first:,} on{since}",
        hint="`starwatch verify --from FILE --against FILE` needs no state; a run with"
        " --keep forever and --keep-size forever keeps all",
    )


def late_ratings(journal: Journal, ratings: Path) -> Iterator[Batch]:
    """The late ratings in order of arrival, some at a time.

    Args:
        journal: The journal of a state.
        ratings: Its folder of sealed ratings.

    Raises:
        BadState: a file of them is not there or broken.
    """
    with journal.at_one_moment():
        sealed = [ratings / name for name in journal.sealed()]
        if sealed:
            yield from map(as_batch, _sealed_late(sealed))
        for _, entry in journal.entries():
            classes = entry.ratings.column("class").to_numpy(zero_copy_only=False)
            rows = np.flatnonzero(classes == Class.LATE)
            if len(rows):
                yield as_batch(entry.ratings.take(pa.array(rows)))


def _sealed_late(files: list[Path]) -> list[pa.RecordBatch]:
    try:
        late = ds.dataset([str(file) for file in files]).to_table(
            filter=ds.field("class") == int(Class.LATE)
        )
    except (OSError, pa.ArrowInvalid) as error:
        raise BadState(
            f"sealed ratings cannot be read ({error})", hint="Restore a backup of the state"
        ) from None
    late = late.sort_by("seq").select(SCHEMA.names).cast(SCHEMA).combine_chunks()
    return list(late.to_batches())
