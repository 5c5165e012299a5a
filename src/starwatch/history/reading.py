"""The panes of a state as they are at one moment, also while a run writes to it."""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from starwatch.errors import BadState
from starwatch.history.panes import COLUMNS, Counting
from starwatch.journal.store import Journal
from starwatch.windows.job import Job


@dataclass(frozen=True, slots=True)
class Panes:
    """The panes of one tier; a key may come in several files and in the newest ones too.

    Attributes:
        files: Files with the columns of `pane_schema`.
        newest: What no file holds yet, with the same columns.
        since_ms: Of panes that start before, some were let go; None: all are there.
    """

    files: list[Path]
    newest: pa.Table
    since_ms: int | None = None

    def table(self) -> pa.Table:
        """All of it in memory, nothing summed."""
        parts = [pq.read_table(file, schema=self.newest.schema) for file in self.files]
        return pa.concat_tables([*parts, self.newest])


def panes_kept(journal: Journal, folder: Path, job: Job, tiers: Iterable[int]) -> dict[int, Panes]:
    """The panes of some tiers, of one commit if called inside `journal.at_one_moment()`.

    Args:
        journal: The journal of a state.
        folder: Its folder of panes.
        job: Its rules.
        tiers: Some of the tiers of the job, in milliseconds.

    Returns:
        Panes by tier.

    Raises:
        BadState: a file is not there.
    """
    tiers = sorted(set(tiers))
    files = {tier: [folder / file.name for file in journal.pane_files(tier)] for tier in tiers}
    for file in (file for some in files.values() for file in some):
        if not file.is_file():
            raise BadState(f"{file} is not there", hint="Restore a backup of the state")
    counting = Counting(job)
    for _, entry in journal.entries(journal.panes_upto(), columns=COLUMNS):
        counting.add(entry.ratings)
    return {
        tier: Panes(files[tier], newest, journal.panes_since(tier))
        for tier, newest in counting.tables(tiers)
    }
