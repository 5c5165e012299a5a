"""A small job with a real journal and all sinks, for a test to kill: rows, commit, give, secure.

Run as `lasting_run.py FOLDER`: goes on in FOLDER from wherever an earlier run was killed.
"""

import sys
from pathlib import Path

from sink_rows import context, rows

from starwatch.failpoints import reached
from starwatch.journal.commit import Commit
from starwatch.journal.entries import Entry
from starwatch.journal.store import Journal
from starwatch.outbox.rows import decode_rows, encode_rows
from starwatch.sinks import parts
from starwatch.sinks.registry import Output, open_lasting, sink_names

ROWS = 400
COMMIT_ROWS = 23
CONTEXT = context()
WHOLE = rows(CONTEXT, ROWS)


def small_parts() -> None:
    """Parts of 30 rows, none of which ends with a commit."""
    parts.GROUP_ROWS, parts.PART_GROUPS = 10, 3


def run(folder: Path) -> None:
    journal = Journal(folder / "starwatch.db")
    outputs = [Output(sink, str(folder / f"w.{sink}")) for sink in sink_names()]
    cursors = {output.name: journal.cursor(output.name) for output in outputs}
    sinks = [open_lasting(output, CONTEXT, cursors[output.name]) for output in outputs]
    for sink in sinks:
        held = cursors[sink.name].rows
        for first, body in journal.rows(held):
            sink.write(decode_rows(body).take(slice(max(held - first, 0), None)))
        cursors[sink.name] = sink.secured()
    for first in range(journal.fact("given") or 0, ROWS, COMMIT_ROWS):
        part = WHOLE.take(slice(first, first + COMMIT_ROWS))
        journal.commit(
            Commit(
                entry=Entry.of([], []),
                rows=(len(part), encode_rows(part)),
                cursors=cursors,
                facts={"given": first + len(part)},
                rows_done=min(cursor.rows for cursor in cursors.values()),
            )
        )
        for sink in sinks:
            reached("sink.before")
            sink.write(part)
            reached("sink.written")
            cursors[sink.name] = sink.secured()
            reached("sink.secured")
    for sink in sinks:
        sink.close()
        cursors[sink.name] = sink.secured()
    journal.commit(Commit(entry=Entry.of([], []), cursors=cursors))
    journal.close()


if __name__ == "__main__":
    small_parts()
    run(Path(sys.argv[1]))
