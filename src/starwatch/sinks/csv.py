"""CSV with a header, quoted as RFC 4180 says, lines ended by a line feed (`--output csv:w.csv`)."""

import pyarrow as pa

from starwatch.ports import Cursor, RowContext
from starwatch.ratings.scale import Scale, star_names
from starwatch.sinks.files import TextSink
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

_SPECIAL = b'",\r\n'


def open_sink(
    target: str, context: RowContext, *, name: str = "csv", cursor: Cursor | None = None
) -> TextSink:
    """Open a CSV file, anew or at a cursor, or standard output; see `TextSink`."""
    first = header(context.job.scale)
    return TextSink(target, context, format_rows, header=first, name=name, cursor=cursor)


def header(scale: Scale) -> bytes:
    """The first line: the names of the columns, one for each star value among them."""
    names = ["window", "product", "start", "end", "count", *star_names(scale), "mean", "revision"]
    return (",".join(names) + "\n").encode()


def format_rows(rows: WindowRows, context: RowContext) -> bytes:
    """The lines of these rows, each with its line feed, as UTF-8."""
    return as_bytes(row_texts(rows, context))


def row_texts(rows: WindowRows, context: RowContext) -> pa.Array:
    """One CSV line a row with its line feed, as an Arrow `string` column."""
    windows = Windows.of(rows, context.job)
    return joined(
        windows.spread(windows.label, ","),
        quoted(context.products.take(rows.product)),
        windows.spread(",", windows.start, ",", windows.end, ","),
        joined_by(
            ",",
            [
                integers(rows.count),
                *star_texts(rows),
                mean_texts(rows, context.job.scale),
                integers(rows.revision),
            ],
        ),
        "\n",
    )


def quoted(texts: pa.Array) -> pa.Array:
    """Texts, no nulls, with quotation marks around those that need them."""
    return escaped(texts, _SPECIAL, _quote)


def _quote(text: str) -> str:
    doubled = text.replace('"', '""')
    return f'"{doubled}"'
