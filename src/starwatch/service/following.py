"""Sinks that follow the outbox in threads of their own: a broken one holds nobody up (§7)."""

import logging
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from threading import Event, Thread

import msgspec

from starwatch.errors import RowRefused, StarwatchError
from starwatch.journal.store import Journal
from starwatch.outbox.rows import decode_rows
from starwatch.ports import Cursor, LastingSink, RowContext
from starwatch.service.pauses import Pauses
from starwatch.service.supervising import Health
from starwatch.sinks.jsonl import row_texts
from starwatch.sinks.registry import Output, open_lasting
from starwatch.windows.rows import WindowRows

_LOG = logging.getLogger(__name__)

_LOOK_SECONDS = 1.0
"""How often the outbox is looked into without being told that there is something."""


class Follower:
    """One sink that is given the committed rows behind its cursor, in order, at least once.

    After a failure it is opened again at its last cursor, behind growing pauses. A row that its
    target will never take is put into a file of its own and passed over.

    Args:
        output: Which sink, and where to.
        context: What it needs to print rows.
        database: The database of the state.
        cursor: How far it is.
        report: Called with its new cursor.
        refused: The file for rows that the target will never take, as JSON lines.
    """

    def __init__(  # noqa: PLR0913
        self,
        output: Output,
        context: RowContext,
        *,
        database: Path,
        cursor: Cursor,
        report: Callable[[Cursor], None],
        refused: Path,
    ) -> None:
        self.name = output.name
        self.health = Health()
        self.refusals = 0
        self._output, self._context, self._database = output, context, database
        self._cursor, self._report, self._refused = cursor, report, refused
        self._news, self._draining, self._ending = Event(), Event(), Event()
        self._thread = Thread(target=self._run, name=output.name, daemon=True)

    @property
    def cursor(self) -> Cursor:
        """How far it is for certain."""
        return self._cursor

    def start(self) -> None:
        """Begin to follow."""
        self._thread.start()

    def tell(self) -> None:
        """There are rows in the outbox."""
        self._news.set()

    def drain(self) -> None:
        """Write what is there, and end."""
        self._draining.set()
        self._news.set()

    def join(self, seconds: float) -> bool:
        """Wait so long for its end, then have it give up; whether it wrote everything."""
        self._thread.join(seconds)
        done = not self._thread.is_alive() and self.health.state == "stopped"
        self._ending.set()
        self._news.set()
        return done

    def _run(self) -> None:
        pauses = Pauses()
        with closing(Journal(self._database, reading=True)) as journal:
            while not self._ending.is_set():
                try:
                    self._follow(journal, pauses)
                except Exception as error:  # the job goes on, whatever it was  # noqa: BLE001
                    self._broke(error)
                    self._ending.wait(pauses.next())
                else:
                    self.health.state = "stopped"
                    return

    def _follow(self, journal: Journal, pauses: Pauses) -> None:
        """Open the sink and write until the end, or until it breaks."""
        with closing(open_lasting(self._output, self._context, self._cursor)) as sink:
            self.health.state = "running"
            next_row = self._cursor.rows
            while not self._ending.is_set():
                self._news.clear()
                last = self._draining.is_set()
                before = next_row
                for first, body in journal.rows(next_row):
                    rows = decode_rows(body)
                    fresh = rows.take(slice(max(next_row - first, 0), None))
                    self._write(sink, fresh)
                    next_row = first + len(rows)
                    pauses.reset()
                    self.health.error = ""
                    if self._ending.is_set():
                        return
                if last and next_row == before:
                    break
                if next_row == before:
                    self._news.wait(_LOOK_SECONDS)
        self._moved(sink.secured())

    def _write(self, sink: LastingSink, rows: WindowRows) -> None:
        """Write rows; where the target refuses one for ever, find it and pass it over."""
        try:
            sink.write(rows)
        except RowRefused as error:
            if len(rows) > 1:
                half = len(rows) // 2
                self._write(sink, rows.take(slice(0, half)))
                self._write(sink, rows.take(slice(half, None)))
                return
            self._put_aside(rows, error)
        self._moved(sink.secured())

    def _put_aside(self, rows: WindowRows, error: RowRefused) -> None:
        self._refused.parent.mkdir(exist_ok=True)
        (text,) = row_texts(rows, self._context).to_pylist()
        line = {"sink": self.name, "error": str(error), "row": msgspec.Raw(text.encode().strip())}
        with self._refused.open("ab") as file:
            file.write(msgspec.json.encode(line) + b"\n")
        self.refusals += 1
        _LOG.error("sink %s refused a row for ever, see %s: %s", self.name, self._refused, error)

    def _moved(self, cursor: Cursor) -> None:
        if cursor != self._cursor:
            self._cursor = cursor
            self._report(cursor)

    def _broke(self, error: Exception) -> None:
        again = self.health.error == str(error)
        self.health.broke(error)
        if not isinstance(error, StarwatchError):
            _LOG.error("sink %s: %s", self.name, error, exc_info=error)
        elif not again:
            _LOG.warning("sink %s: %s; it is tried again", self.name, error)
