"""Windows as an Excel workbook: the rows on one sheet, what they are on another."""

from collections.abc import Iterable, Iterator
from tempfile import TemporaryDirectory
from typing import Any

import pyarrow as pa
from xlsxwriter.exceptions import XlsxWriterException

from starwatch.errors import OutputFailed
from starwatch.exports.about import About
from starwatch.exports.whole import whole_file
from starwatch.ratings.scale import star_names
from starwatch.sheets.cells import Writer
from starwatch.sheets.columns import Column, Kind
from starwatch.sheets.target import workbook

MAX_ROWS = 1_048_575
"""Rows of a sheet below its heading."""

BATCH_ROWS = 4_096


def write_excel(target: str, about: About, batches: Iterable[pa.RecordBatch]) -> int:
    """Write windows to a workbook; returns how many rows.

    Ids and names are text, whatever they look like.

    Raises:
        BadSetting: the target cannot be opened.
        OutputFailed: it cannot be written.
    """
    number = 0
    try:
        with (
            whole_file(target) as path,
            TemporaryDirectory(dir=path.parent) as folder,
            workbook(path, folder) as book,
        ):
            sheet = book.add_worksheet("windows")
            columns, writer = _columns(about), Writer(book, sheet)
            writer.headings(columns, 0)
            sheet.freeze_panes(1, 0)
            for number, row in enumerate(_rows(batches, about), start=1):
                writer.cells(columns, 0, number, row)
            _write_about(book, about)
    except XlsxWriterException as error:
        raise OutputFailed(
            f"the workbook {target} cannot be written: {error}",
            hint="Name a file in a folder that you may write to, on a disk with room",
        ) from None
    return number


def _columns(about: About) -> list[Column]:
    texts = [Column("name", Kind.TEXT, 30), Column("category", Kind.TEXT, 20)]
    return [
        Column("window", Kind.TEXT, 12),
        Column("product", Kind.TEXT, 14),
        Column("start", Kind.MOMENT, 23),
        Column("end", Kind.MOMENT, 23),
        Column("count"),
        *map(Column, star_names(about.scale)),
        Column("mean", Kind.MEAN),
        *(texts if about.names else []),
    ]


def _rows(batches: Iterable[pa.RecordBatch], about: About) -> Iterator[list[Any]]:
    for batch in batches:
        for spec, *cells in zip(*(column.to_pylist() for column in batch.columns), strict=True):
            yield [about.windows[spec], *cells]


def _write_about(book: Any, about: About) -> None:
    sheet = book.add_worksheet("about")
    columns, writer = [Column("", Kind.TEXT, 10), Column("", Kind.TEXT, 60)], Writer(book, sheet)
    writer.headings(columns, 0)
    for row, pair in enumerate(about.facts().items(), start=1):
        writer.cells(columns, 0, row, pair)
