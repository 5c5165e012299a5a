"""The tables that rows go to in PostgreSQL, and the statements that fill them."""

from collections.abc import Iterable
from typing import Any

from psycopg import Connection, sql

from starwatch.errors import BadSetting
from starwatch.ports import Origin, RowContext
from starwatch.ratings.scale import Scale, star_names
from starwatch.sinks.texts import (
    Windows,
    as_bytes,
    escaped,
    integers,
    joined,
    joined_by,
    mean_texts,
    star_texts,
)
from starwatch.windows.rows import WindowRows

_KEY = ("window_spec", "product", "window_start")
_SPECIAL = b"\\\t\n\r"
"""What COPY wants escaped in its text format."""

_FRESH = sql.Identifier("starwatch_fresh")
_CURSORS = "starwatch_cursors"


def star_columns(scale: Scale) -> list[str]:
    """A column for each star value that needs no quotes: `stars_1`, `stars_0_5`, `stars_minus_1`.

    >>> star_columns(Scale.parse("-0.5..0.5/0.5"))
    ['stars_minus_0_5', 'stars_0', 'stars_0_5']
    """
    return [name.replace("-", "minus_").replace(".", "_") for name in star_names(scale)]


class Table:
    """The table of windows of one scale, and that of cursors beside it.

    Args:
        name: The table, perhaps with its schema before a dot.
        scale: The star values, each of which has a column.

    Raises:
        BadSetting: the name cannot be a table's.
    """

    def __init__(self, name: str, scale: Scale) -> None:
        parts = name.split(".")
        if not all(parts) or len(parts) > 2:  # noqa: PLR2004 - a schema and a table
            raise BadSetting(f"{name!r} is no table", hint="It reads TABLE or SCHEMA.TABLE")
        self.name = name
        self._table = sql.Identifier(*parts)
        self._index = sql.Identifier(f"{parts[-1]}_window_end")
        self._cursors = sql.Identifier(*parts[:-1], _CURSORS)
        self._types = {
            "window_spec": "text NOT NULL",
            "product": "text NOT NULL",
            "window_start": "timestamptz NOT NULL",
            "window_end": "timestamptz NOT NULL",
            "count": "bigint NOT NULL",
            **dict.fromkeys(star_columns(scale), "bigint NOT NULL"),
            "mean": "numeric(18, 6) NOT NULL",
            "revision": "integer NOT NULL",
        }

    def make(self, connection: Connection[Any]) -> None:
        """Make both tables where they are not there, and one for this session's fresh rows."""
        with connection.transaction():
            # Two that make the same table at once would get into each other's way.
            connection.execute("SELECT pg_advisory_xact_lock(hashtext('starwatch'))")
            columns = sql.SQL(", ").join(
                sql.SQL("{} {}").format(sql.Identifier(name), sql.SQL(kind))
                for name, kind in self._types.items()
            )
            if not self._fits(connection):
                connection.execute(
                    sql.SQL("CREATE TABLE {} ({}, PRIMARY KEY ({}))").format(
                        self._table, columns, _names(_KEY)
                    )
                )
                connection.execute(
                    sql.SQL("CREATE INDEX {} ON {} (window_end)").format(self._index, self._table)
                )
            if not _columns(connection, self._cursors):
                connection.execute(
                    sql.SQL(
                        "CREATE TABLE {} (state text, windows text, rows bigint NOT NULL,"
                        " PRIMARY KEY (state, windows))"
                    ).format(self._cursors)
                )
            connection.execute(
                sql.SQL("CREATE TEMPORARY TABLE {} ({}) ON COMMIT DELETE ROWS").format(
                    _FRESH, columns
                )
            )

    def cursor(self, connection: Connection[Any], origin: Origin) -> int:
        """How many rows of a state are there for certain; more than were given do not count."""
        with connection.transaction():
            connection.execute(
                sql.SQL(
                    "UPDATE {} SET rows = %s WHERE (state, windows) = (%s, %s) AND rows > %s"
                ).format(self._cursors),
                (origin.given, origin.state, self.name, origin.given),
            )
            found = connection.execute(
                sql.SQL("SELECT rows FROM {} WHERE (state, windows) = (%s, %s)").format(
                    self._cursors
                ),
                (origin.state, self.name),
            ).fetchone()
        return int(found[0]) if found else 0

    def put(self, connection: Connection[Any], lines: bytes) -> None:
        """Add rows, or replace those of an older revision, in the caller's transaction.

        Of several with one key the highest revision counts, and of that the one that came last,
        which is where the fresh table has it last.
        """
        columns = _names(self._types)
        copy = sql.SQL("COPY {} ({}) FROM STDIN").format(_FRESH, columns)
        with connection.cursor().copy(copy) as into:
            into.write(lines)
        values = [name for name in self._types if name not in _KEY]
        connection.execute(
            sql.SQL(
                "INSERT INTO {table} AS old ({columns})"
                " SELECT DISTINCT ON ({key}) {columns} FROM {fresh}"
                " ORDER BY {key}, revision DESC, ctid DESC"
                " ON CONFLICT ({key}) DO UPDATE SET ({values}) = ROW({excluded})"
                " WHERE old.revision <= excluded.revision"
            ).format(
                table=self._table,
                columns=columns,
                key=_names(_KEY),
                fresh=_FRESH,
                values=_names(values),
                excluded=sql.SQL(", ").join(sql.Identifier("excluded", v) for v in values),
            )
        )

    def move(self, connection: Connection[Any], origin: Origin, rows: int) -> None:
        """Say how many rows of a state are there, in the caller's transaction."""
        connection.execute(
            sql.SQL(
                "INSERT INTO {} VALUES (%s, %s, %s)"
                " ON CONFLICT (state, windows) DO UPDATE SET rows = excluded.rows"
            ).format(self._cursors),
            (origin.state, self.name, rows),
        )

    def _fits(self, connection: Connection[Any]) -> bool:
        """Whether the table is there; a user may have made it, in another form."""
        known = _columns(connection, self._table)
        lacking = [name for name in self._types if name not in known]
        if known and lacking:
            raise BadSetting(
                f"the table {self.name} has no column {lacking[0]}",
                hint="Name another one with ?table=, which is made with the right columns; a scale"
                " of other stars needs a table of its own",
            )
        return bool(known)


def copy_lines(rows: WindowRows, context: RowContext) -> bytes:
    """Rows in the text format of COPY."""
    windows = Windows.of(rows, context.job)
    lines = joined(
        windows.spread(windows.label, "\t"),
        escaped(context.products.take(rows.product), _SPECIAL, _escape),
        windows.spread("\t", windows.start, "\t", windows.end, "\t"),
        joined_by(
            "\t",
            [
                integers(rows.count),
                *star_texts(rows),
                mean_texts(rows, context.job.scale),
                integers(rows.revision),
            ],
        ),
        "\n",
    )
    return as_bytes(lines)


def _escape(product: str) -> str:
    for special, text in (("\\", "\\\\"), ("\t", "\\t"), ("\n", "\\n"), ("\r", "\\r")):
        product = product.replace(special, text)
    return product


def _columns(connection: Connection[Any], table: sql.Identifier) -> set[str]:
    """The columns of a table; none where it is not there."""
    found = connection.execute(
        "SELECT attname FROM pg_attribute WHERE attrelid = to_regclass(%s) AND attnum > 0",
        (table.as_string(connection),),
    ).fetchall()
    return {name for (name,) in found}


def _names(columns: Iterable[str]) -> sql.Composed:
    return sql.SQL(", ").join(map(sql.Identifier, columns))
