"""JSON lines: one object a row (`--output jsonl:w.jsonl`)."""

from starwatch.ports import Cursor, RowContext
from starwatch.sinks.files import TextSink
from starwatch.sinks.json_rows import row_texts
from starwatch.sinks.texts import as_bytes
from starwatch.windows.rows import WindowRows


def open_sink(
    target: str, context: RowContext, *, name: str = "jsonl", cursor: Cursor | None = None
) -> TextSink:
    """Open a file of JSON lines, anew or at a cursor, or standard output; see `TextSink`."""
    return TextSink(target, context, format_rows, name=name, cursor=cursor)


def format_rows(rows: WindowRows, context: RowContext) -> bytes:
    """The lines of these rows, each with its line feed, as UTF-8."""
    return as_bytes(row_texts(rows, context))
