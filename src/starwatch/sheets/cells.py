"""Writes cells by the kind of their column; text stays text, whatever it looks like."""

from collections.abc import Sequence
from typing import Any

from xlsxwriter.utility import xl_col_to_name

from starwatch.sheets.columns import CHECK, Column, Kind

_DAY_MS = 86_400_000
_EPOCH = 25_569
"""Days from a spreadsheet's day 0 to 1970."""

_FIRST_DAY, _LAST_DAY = 61, 2_958_465
"""Days that all spreadsheets show alike: from 1900-03-01 to 9999-12-31."""

_FORMATS = {
    Kind.TEXT: {"num_format": "@"},
    Kind.MS: {"num_format": "0"},
    Kind.FORMULA: {"num_format": "0"},
    Kind.MOMENT: {"num_format": "yyyy-mm-dd hh:mm:ss.000"},
    Kind.MEAN: {"num_format": "0.000000"},
    Kind.MEAN_FORMULA: {"num_format": "0.000000"},
}


class Writer:
    """Writes cells by the kind of their column."""

    def __init__(self, book: Any, sheet: Any) -> None:
        self._book = book
        self._sheet = sheet
        self._formats = {kind: book.add_format(what) for kind, what in _FORMATS.items()}
        self._heading = book.add_format({"bold": True, "bottom": 1})

    def headings(self, columns: Sequence[Column], first: int) -> None:
        """The row above."""
        for at, column in enumerate(columns, start=first):
            self._sheet.set_column(at, at, column.width)
            self._sheet.write_string(0, at, column.heading, self._heading)

    def names(self, columns: Sequence[Column], first: int, number: int) -> None:
        """What formulas call the cells of whole columns."""
        for at, column in enumerate(columns, start=first):
            if column.name:
                letter = xl_col_to_name(at)
                cells = f"{CHECK}!${letter}$2:${letter}${max(number, 1) + 1}"
                self._book.define_name(column.name, f"={cells}")

    def cells(self, columns: Sequence[Column], first: int, row: int, values: Sequence[Any]) -> None:
        """One row; where there is no value the cell stays empty."""
        for at, (column, value) in enumerate(zip(columns, values, strict=True), start=first):
            if value is not None:
                self._cell(column.kind, row, at, value)

    def _cell(self, kind: Kind, row: int, at: int, value: Any) -> None:
        shown = self._formats.get(kind)
        if kind is Kind.TEXT:
            write_text(self._sheet, row, at, value, shown)
        elif kind in (Kind.FORMULA, Kind.MEAN_FORMULA):
            # No result is written: a program that does not calculate shows nothing, never a zero.
            self._sheet.write_formula(row, at, value, shown, "")
        elif kind is not Kind.MOMENT:
            self._sheet.write_number(row, at, value, shown)
        elif _FIRST_DAY <= (day := value / _DAY_MS + _EPOCH) <= _LAST_DAY:
            self._sheet.write_number(row, at, day, shown)


def write_text(sheet: Any, row: int, at: int, text: str, shown: Any = None) -> None:
    """Write text that stays text, whatever it looks like.

    What looks like the XML of a rich text would be taken for one, so it is written as one.
    """
    if text.startswith("<r>") and text.endswith("</r>"):
        sheet.write_rich_string(row, at, "<", "r>", text[3:], *([shown] if shown else []))
    else:
        sheet.write_string(row, at, text, shown)
