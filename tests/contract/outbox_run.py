"""A journal whose outbox a test fills, and a sink that follows it in a thread."""

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path

from starwatch.journal.commit import Commit
from starwatch.journal.entries import Entry
from starwatch.journal.store import Journal
from starwatch.outbox.rows import encode_rows
from starwatch.ports import Cursor, Origin, RowContext
from starwatch.service.following import Follower
from starwatch.sinks.registry import parse_sink
from starwatch.windows.rows import WindowRows


def fill(database: Path, parts: Sequence[WindowRows]) -> None:
    """Commit rows, each part by itself."""
    with closing(Journal(database)) as journal:
        for part in parts:
            commit(journal, part)


def commit(journal: Journal, part: WindowRows, cursors: dict[str, Cursor] | None = None) -> None:
    """Commit rows, and how far sinks are."""
    rows = (len(part), encode_rows(part))
    journal.commit(Commit(entry=Entry.of([], []), rows=rows, cursors=cursors or {}))


def follower(  # noqa: PLR0913
    folder: Path,
    url: str,
    of: RowContext,
    *,
    cursor: Cursor = Cursor(),  # noqa: B008
    report: Callable[[Cursor, int], None] = lambda *_: None,
    given: int = 0,
) -> Follower:
    return Follower(
        parse_sink(url),
        RowContext(of.job, of.products, Origin("this-state", given)),
        database=folder / "starwatch.db",
        cursor=cursor,
        report=report,
        refused=folder / "refused" / "rows.jsonl",
    )


@contextmanager
def following(folder: Path, url: str, of: RowContext, **more: object) -> Iterator[Follower]:
    made = follower(folder, url, of, **more)
    made.start()
    try:
        yield made
    finally:
        made.drain()
        made.join(0)


def soon(condition: Callable[[], object], seconds: float = 30.0) -> None:
    until = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < until, "it did not come about"
        time.sleep(0.02)
