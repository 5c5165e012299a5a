"""JSON lines: one object a row (`--output jsonl:w.jsonl`)."""

import json

import pyarrow as pa

from starwatch.ports import Cursor, RowContext
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

_SPECIAL = bytes(range(0x20)) + b'"\\'
"""What RFC 8259 wants escaped in a string; everything else stands as it is, in UTF-8."""


def open_sink(
    target: str, context: RowContext, *, name: str = "jsonl", cursor: Cursor | None = None
) -> TextSink:
    """Open a file of JSON lines, anew or at a cursor, or standard output; see `TextSink`."""
    return TextSink(target, context, format_rows, name=name, cursor=cursor)


def format_rows(rows: WindowRows, context: RowContext) -> bytes:
    """The lines of these rows, each with its line feed, as UTF-8."""
    return as_bytes(row_texts(rows, context))


def row_texts(rows: WindowRows, context: RowContext) -> pa.Array:
    """One JSON object a row with its line feed, as an Arrow `string` column."""
    windows = Windows.of(rows, context.job)
    return joined(
        windows.spread('{"window":"', windows.label, '","product":"'),
        escaped(context.products.take(rows.product), _SPECIAL, _escape),
        windows.spread('","start":"', windows.start, '","end":"', windows.end, '","count":'),
        integers(rows.count),
        ',"stars":[',
        joined_by(",", star_texts(rows)),
        '],"mean":',
        mean_texts(rows, context.job.scale),
        ',"revision":',
        integers(rows.revision),
        "}\n",
    )


def _escape(product: str) -> str:
    return json.dumps(product, ensure_ascii=False)[1:-1]
