"""The panes of a state as they are at one moment, also while a run writes to it."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from starwatch.errors import BadState
from starwatch.history.panes import pane_tables
from starwatch.journal.entries import SCHEMA
from starwatch.journal.store import Journal
from starwatch.windows.job import Job


@dataclass(frozen=True, slots=True)
class Panes:
    """The panes of one tier; a key may come in several files and in the newest ones too.

    Attributes:
        files: Files with the columns of `pane_schema`.
        newest: What no file holds yet, with the same columns.
    """

    files: list[Path]
    newest: pa.Table

    def table(self) -> pa.Table:
        """All of it in memory, nothing summed."""
        parts = [pq.read_table(file, schema=self.newest.schema) for file in self.files]
        return pa.concat_tables([*parts, self.newest])


@contextmanager
def panes_at_one_moment(journal: Journal, folder: Path, job: Job, tier_ms: int) -> Iterator[Panes]:
    """The panes of a tier as one commit left them.

    Args:
        journal: The journal of a state.
        folder: Its folder of panes.
        job: Its rules.
        tier_ms: One of the tiers of the job.

    Raises:
        BadState: a file is not there.
    """
    with journal.at_one_moment():
        files = [folder / file.name for file in journal.pane_files(tier_ms)]
        for file in files:
            if not file.is_file():
                raise BadState(f"{file} is not there", hint="Restore a backup of the state")
        entries = journal.entries(journal.panes_upto())
        ratings = pa.Table.from_batches([entry.ratings for _, entry in entries], SCHEMA)
        ((_, newest),) = pane_tables(ratings, job, [tier_ms])
        yield Panes(files, newest)
