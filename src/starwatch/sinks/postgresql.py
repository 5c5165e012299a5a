"""A table in PostgreSQL, a row for each window (`--sink postgresql://user@host/database`)."""

from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import parse_qsl, urlencode, urlsplit

import psycopg
from psycopg import conninfo, errors

from starwatch.errors import BadSetting, OutputFailed, RowRefused
from starwatch.ports import Cursor, RowContext
from starwatch.sinks.already import already_there
from starwatch.sinks.postgresql_table import Table, copy_lines
from starwatch.sinks.urls import TIMEOUT_SECONDS, without_secrets
from starwatch.sinks.watchdog import Watchdog
from starwatch.windows.rows import WindowRows

TABLE = "starwatch_windows"
"""The table where none is named."""

_OF_ONE_ROW = (psycopg.DataError, errors.CheckViolation, errors.ProgramLimitExceeded)
"""What the server says of a value and not of the table, the session or itself."""


def open_sink(target: str, context: RowContext, *, name: str, cursor: Cursor) -> "PostgreSQLSink":
    """Connect, and make the table where it is not there; see `PostgreSQLSink`."""
    return PostgreSQLSink(target, context, name=name, cursor=cursor)


def check_target(target: str) -> None:
    """See whether a URL can be used; connects to nothing.

    Raises:
        BadSetting: it cannot.
    """
    _taken_apart(target)


class PostgreSQLSink:
    """Rows in a table by window spec, product and start; the highest revision stays.

    Guarantee: each `write` is one transaction, which also holds how many rows are there for
    certain (table `starwatch_cursors`): effectively once. Rows that are given again after a crash
    are passed over, or change nothing. The newest revision of a window replaces an older one, also
    of another run.

    A value that the server never takes, such as an id with a zero byte, is a `RowRefused`, and the
    transaction leaves no trace; a lost connection, a missing right or a table of another form is
    an `OutputFailed`. Nothing is called after `close`, but for `close` and `secured`.

    Args:
        target: `postgresql://USER:PASSWORD@HOST:PORT/DATABASE`, with the options `table` (with its
            schema before a dot), `timeout` in seconds, and any of libpq; what is left out comes
            from the environment (`PGPASSWORD`, ...) and `.pgpass`, as for `psql`.
        context: The job, its products, and whose rows they are.
        name: What the journal keeps the cursor under.
        cursor: Where it goes on.

    Raises:
        BadSetting: the URL cannot be used.
        OutputFailed: the server cannot be reached, or the table not be used.
    """

    lasting = True

    def __init__(self, target: str, context: RowContext, *, name: str, cursor: Cursor) -> None:
        self.name = name
        self._context = context
        address, table, self._timeout = _taken_apart(target)
        self._table = Table(table, context.job.scale)
        with self._failing("cannot be used"):
            self._connection = psycopg.connect(
                address,
                autocommit=True,  # transactions are begun where they are needed
                connect_timeout=max(round(self._timeout), 1),  # 0 would be for ever
                client_encoding="UTF8",
            )
        try:
            with self._answering("cannot be used"):
                self._table.make(self._connection)
                held = self._table.cursor(self._connection, context.origin)
        except BaseException:
            self._connection.close()
            raise
        self._passed = already_there(name, held, cursor)
        self._cursor = cursor

    def write(self, rows: WindowRows) -> None:
        """Write these rows in one transaction."""
        fresh = rows.take(slice(self._passed, None))
        end = self._cursor.rows + len(rows)
        with self._answering("cannot be written"), self._connection.transaction():
            if len(fresh):
                self._table.put(self._connection, copy_lines(fresh, self._context))
                self._table.move(self._connection, self._context.origin, end)
        self._passed -= len(rows) - len(fresh)
        self._cursor = Cursor(end)

    def skip(self, number: int) -> None:
        """Count rows that are not given."""
        end = self._cursor.rows + number
        if number > self._passed:
            with self._answering("cannot be written"), self._connection.transaction():
                self._table.move(self._connection, self._context.origin, end)
        self._passed = max(self._passed - number, 0)
        self._cursor = Cursor(end)

    def secured(self) -> Cursor:
        """Say how far the last transaction went."""
        return self._cursor

    def close(self) -> None:
        """Let the connection go. Safe to call twice."""
        self._connection.close()

    @contextmanager
    def _answering(self, what: str) -> Iterator[None]:
        """The server answers in time, or the connection is cut."""
        with self._failing(what), Watchdog(self._connection.fileno(), self._timeout) as watchdog:
            try:
                yield
            except psycopg.OperationalError:
                if watchdog.bit:
                    raise OutputFailed(
                        f"{self.name} {what}: no answer in {self._timeout:g} s",
                        hint="It is tried again; see whether the server hangs",
                    ) from None
                raise

    @contextmanager
    def _failing(self, what: str) -> Iterator[None]:
        """What the client library says, as errors of ours; it never shows a password."""
        try:
            yield
        except _OF_ONE_ROW as error:
            raise RowRefused(f"{self.name} refuses a row: {_line(error)}") from None
        except psycopg.Error as error:
            raise OutputFailed(
                f"{self.name} {what}: {_line(error)}",
                hint="See that the server runs, the URL is right, and the user may write there",
            ) from None


def _taken_apart(target: str) -> tuple[str, str, float]:
    """The address for libpq, the table, and the seconds that an exchange may take."""
    parts = urlsplit(target)
    pairs = parse_qsl(parts.query, keep_blank_values=True)
    own = {name: value for name, value in pairs if name in {"table", "timeout"}}
    rest = urlencode([(name, value) for name, value in pairs if name not in own])
    address = parts._replace(query=rest).geturl()
    try:
        conninfo.conninfo_to_dict(address)
        timeout = float(own.get("timeout", TIMEOUT_SECONDS))
    except (psycopg.ProgrammingError, ValueError) as error:
        what = _line(error) if "timeout" not in own else "a value that is no number"
        raise BadSetting(
            f"{without_secrets(target)} cannot be used: {what}",
            hint="It reads postgresql://USER@HOST:PORT/DATABASE?table=SCHEMA.TABLE",
        ) from None
    return address, own.get("table", TABLE), timeout


def _line(error: Exception) -> str:
    """The first line of what a client library says, without the full stop."""
    return str(error).strip().partition("\n")[0].removesuffix(".")
