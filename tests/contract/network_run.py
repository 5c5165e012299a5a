"""A process that commits rows and has a sink follow them, to be killed and started again.

`python network_run.py DATABASE URL`: goes on where the database says; ends when the sink has all.
"""

import sys
import time
from contextlib import closing
from dataclasses import replace
from pathlib import Path

from outbox_run import commit, follower
from sink_rows import context, corrected, split

from starwatch.journal.store import Journal
from starwatch.ports import Cursor, RowContext
from starwatch.windows.rows import WindowRows


def job() -> tuple[RowContext, WindowRows]:
    """The rules, and all rows."""
    of = context(ids=[f"p{n}" for n in range(40)])
    return replace(of, job=replace(of.job, lateness_ms=3_600_000)), corrected(of, 3000)


def run(database: Path, url: str) -> None:
    of, whole = job()
    reported: list[Cursor] = []
    with closing(Journal(database)) as journal:
        done = journal.row_count()
        known = journal.known_cursor("sink") or Cursor()
        sink = follower(
            database.parent,
            url,
            of,
            cursor=known,
            report=lambda cursor, _: reported.append(cursor),
            given=done,
        )
        sink.start()
        for part in split(whole.take(slice(done, None)), 4):
            commit(journal, part, {"sink": reported[-1]} if reported else {})
            sink.tell()
            time.sleep(0.02)
        while sink.cursor.rows < len(whole):
            time.sleep(0.02)
        sink.drain()
        assert sink.join(10)


if __name__ == "__main__":
    run(Path(sys.argv[1]), sys.argv[2])
