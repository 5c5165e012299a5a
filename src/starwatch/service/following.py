"""Sinks that follow the outbox in threads of their own: a broken one holds nobody up (§7)."""

import logging
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from threading import Event, Thread

import msgspec

from starwatch.errors import OutputFailed, RowRefused, StarwatchError
from starwatch.journal.store import Journal
from starwatch.outbox.rows import decode_rows
from starwatch.ports import Cursor, LastingSink, Origin, RowContext
from starwatch.service.pauses import Pauses
from starwatch.service.supervising import Health
from starwatch.sinks.json_rows import row_texts
from starwatch.sinks.registry import Output, open_lasting
from starwatch.windows.rows import WindowRows

_LOG = logging.getLogger(__name__)

_LOOK_SECONDS = 1.0
"""How often the outbox is looked into without being told that there is something."""

MOST_ROWS = 10_000
"""Rows given at once: small commits are put together up to it, large ones cut. One exchange with a
server for so many costs next to nothing a row, and takes well below a second."""


MOST_REFUSALS = 100
"""So many rows refused, and none taken between them: it is not the rows, the target is broken."""


class Follower:
    """One sink that is given the committed rows behind its cursor, in order, at least once.

    After a failure it is opened again at its last cursor, behind growing pauses. A row that its
    target will never take is put into a file of its own and passed over. Rows that the outbox
    holds no more are passed over too, and counted.

    Args:
        output: Which sink, and where to.
        context: What it needs to print rows, and whose they are.
        database: The database of the state.
        cursor: How far it is.
        report: Called with its new cursor, and how many rows were ever passed over.
        refused: The file for rows that the target will never take, as JSON lines.
        met: Called whenever it is open, before it is given rows: what its target holds is known.
        passed_over: How many rows were ever passed over, for the outbox had let them go.
    """

    def __init__(  # noqa: PLR0913
        self,
        output: Output,
        context: RowContext,
        *,
        database: Path,
        cursor: Cursor,
        report: Callable[[Cursor, int], None],
        refused: Path,
        met: Callable[[], None] = lambda: None,
        passed_over: int = 0,
    ) -> None:
        self.name = output.name
        self.health = Health()
        self.refusals = 0
        self.passed_over = passed_over
        self._output, self._context, self._database = output, context, database
        self._cursor, self._report, self._refused = cursor, report, refused
        self._met = met
        self._refused_together = 0
        self._next = cursor.rows  # the number of the row to be given next
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
            self._met()
            self._next = self._cursor.rows
            while not self._ending.is_set():
                self._news.clear()
                last = self._draining.is_set()
                found = _upcoming(journal, self._next)
                if found is None or not self.health.error:
                    self.health.state = "running"  # one that broke: only when it has taken a row
                if found is not None:
                    self._give(sink, *found, pauses)
                elif last:
                    break
                else:
                    self._news.wait(_LOOK_SECONDS)
        self._moved(sink.secured())

    def _give(self, sink: LastingSink, first: int, rows: WindowRows, pauses: Pauses) -> None:
        """Write rows that begin with a number, which is the next one unless some are gone."""
        self._next_may_be(first + len(rows))
        try:
            if first > self._next:
                self._pass_over(sink, first - self._next)
            for start in range(0, len(rows), MOST_ROWS):
                self._write(sink, rows.take(slice(start, start + MOST_ROWS)))
                pauses.reset()
                self.health.state, self.health.error = "running", ""
                if self._ending.is_set():
                    return
        except OutputFailed:
            self._moved(sink.secured())
            raise

    def _write(self, sink: LastingSink, rows: WindowRows) -> None:
        """Write rows; where the target refuses one for ever, find it and pass it over."""
        try:
            sink.write(rows)
        except RowRefused as error:
            taken = max(sink.secured().rows - self._next, 0)
            self._next += taken
            self._refused_together *= not taken
            self._find(sink, rows.take(slice(taken, None)), error)
        else:
            self._next += len(rows)
            self._refused_together = 0
        self._moved(sink.secured())

    def _find(self, sink: LastingSink, rows: WindowRows, error: RowRefused) -> None:
        """Put aside the only row, or write these by halves, one of which will be refused again."""
        if len(rows) > 1:
            half = len(rows) // 2
            self._write(sink, rows.take(slice(0, half)))
            self._write(sink, rows.take(slice(half, None)))
        elif self._refused_together == MOST_REFUSALS:
            raise OutputFailed(
                f"{self.name} refused {MOST_REFUSALS} rows one after the other: {error.message}",
                hint="Mend the target, or what it is set up to take; those rows are in refused/",
            )
        elif len(rows):
            self._refused_together += 1
            self._put_aside(rows, error)
            sink.skip(1)
            self._next += 1

    def _put_aside(self, rows: WindowRows, error: RowRefused) -> None:
        self._refused.parent.mkdir(exist_ok=True)
        (text,) = row_texts(rows, self._context).to_pylist()
        line = {"sink": self.name, "error": str(error), "row": msgspec.Raw(text.encode().strip())}
        with self._refused.open("ab") as file:
            file.write(msgspec.json.encode(line) + b"\n")
        self.refusals += 1
        _LOG.error("sink %s refused a row for ever, see %s: %s", self.name, self._refused, error)

    def _pass_over(self, sink: LastingSink, number: int) -> None:
        """Go on behind rows that the outbox holds no more."""
        sink.skip(number)
        _LOG.error(
            "sink %s never gets %d window rows, from number %d on: they are not kept any more",
            self.name,
            number,
            self._next,
        )
        self.passed_over += number
        self._next += number

    def _next_may_be(self, number: int) -> None:
        """Rows before a number are about to be given."""
        origin = self._context.origin
        if number > origin.given:
            self._context = replace(self._context, origin=Origin(origin.state, number))

    def _moved(self, cursor: Cursor) -> None:
        if cursor != self._cursor:
            self._cursor = cursor
            self._report(cursor, self.passed_over)

    def _broke(self, error: Exception) -> None:
        again = self.health.knows(error)
        self.health.broke(error)
        if not isinstance(error, StarwatchError):
            _LOG.error("sink %s: %s", self.name, error, exc_info=error)
        elif not again:
            _LOG.warning("sink %s: %s; it is tried again", self.name, error)


def _upcoming(journal: Journal, number: int) -> tuple[int, WindowRows] | None:
    """The rows of the outbox from a number on, of many commits if those are small.

    The database is let go before they are written, for as long as it is read at one moment its log
    cannot be emptied.

    Returns:
        The number of the first, which is a later one where some are gone, and the rows.
    """
    parts: list[WindowRows] = []
    start = end = number
    with closing(journal.rows(number)) as blobs:
        for first, body in blobs:
            if parts and first > end:
                break
            rows = decode_rows(body)
            if not parts:
                start = max(first, number)
                rows = rows.take(slice(start - first, None))
                end = start
            parts.append(rows)
            end += len(rows)
            if end - start >= MOST_ROWS:
                break
    return (start, WindowRows.concat(parts)) if parts else None
