"""Writes the workbook of a validation: ratings and windows side by side, a summary, a chart."""

from itertools import zip_longest
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from xlsxwriter.exceptions import XlsxWriterException
from xlsxwriter.utility import xl_col_to_name

from starwatch.errors import OutputFailed
from starwatch.recompute.rules import Rules
from starwatch.sheets.cells import Writer
from starwatch.sheets.columns import (
    BESIDE,
    CHECK,
    PRODUCTS,
    RATINGS,
    WHOLE,
    WINDOWS,
    Kind,
    Layout,
    rating_cells,
    window_cells,
)
from starwatch.sheets.contents import Contents
from starwatch.sheets.summary import write_summary
from starwatch.sheets.target import workbook


def write_workbook(path: Path, contents: Contents, rules: Rules, against: str) -> None:
    """Write the workbook; its file appears when it is whole.

    Args:
        path: Where to.
        contents: Its ratings and windows.
        rules: The job's rules.
        against: What the windows as written come from.

    Raises:
        OutputFailed: it cannot be written.
    """
    try:
        # What is half written lies beside it, on the same disk, and goes whatever happens.
        with TemporaryDirectory(prefix=f".{path.name}-", dir=path.parent) as folder:
            whole = Path(folder) / path.name
            with workbook(whole, folder) as book:
                summary, check = book.add_worksheet("summary"), book.add_worksheet(CHECK)
                write_summary(book, summary, contents, rules, against)
                _write_check(book, check, contents, rules)
            whole.replace(path)
    except (OSError, XlsxWriterException) as error:
        raise OutputFailed(
            f"the workbook {path} cannot be written: {error}",
            hint="Name a file in a folder that you may write to, on a disk with room",
        ) from None


def _write_check(book: Any, sheet: Any, contents: Contents, rules: Rules) -> None:
    writer = Writer(book, sheet)
    writer.headings(RATINGS, 0)
    writer.headings(WINDOWS, BESIDE)
    sheet.freeze_panes(1, 0)
    layout = Layout(
        tuple(xl_col_to_name(i) for i in range(len(RATINGS))),
        tuple(xl_col_to_name(BESIDE + i) for i in range(len(WINDOWS))),
        whole=contents.ratings_number * contents.windows_number <= WHOLE,
    )
    rows = zip_longest(contents.ratings(), contents.windows())
    for row, (rating, window) in enumerate(rows, start=1):
        if rating is not None:
            writer.cells(RATINGS, 0, row, rating_cells(rating, rules.stars))
        if window is not None:
            writer.cells(WINDOWS, BESIDE, row, window_cells(window, layout, row + 1))
    writer.names(RATINGS, 0, contents.ratings_number)
    writer.names(WINDOWS, BESIDE, contents.windows_number)
    texts = [xl_col_to_name(i) for i, column in enumerate(RATINGS) if column.kind is Kind.TEXT]
    texts.append(layout.windows[PRODUCTS])
    # Ids may be digits, and no spreadsheet needs to warn of that.
    sheet.ignore_errors({"number_stored_as_text": " ".join(f"{at}1:{at}{1 << 20}" for at in texts)})
    wrong = book.add_format({"bg_color": "#F8CBAD", "bold": True})
    last = BESIDE + len(WINDOWS) - 1
    sheet.conditional_format(
        *(1, last - 1, max(contents.windows_number, 1), last),
        {"type": "cell", "criteria": "!=", "value": 0, "format": wrong},
    )
