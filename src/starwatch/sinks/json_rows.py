"""Rows as JSON objects: the same wherever rows are JSON."""

import json

import pyarrow as pa

from starwatch.ports import RowContext
from starwatch.sinks.texts import (
    Windows,
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
