"""What the head of a CSV file tells about the rest: delimiter, header, columns."""

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from starwatch.codecs.fields import UNNAMED, Layout, is_known, named_layout, unnamed_layout
from starwatch.codecs.options import InputOptions

HEAD_BYTES = 1 << 16
"""The part of a file that is looked at; the same for every block size."""

_DELIMITERS = ",;\t"
_LINES = 100
_VALUE = re.compile(r"\s*([+-]?[\d.]+([eE][+-]?\d+)?|\d{4}-\d\d-\d\d.*)\s*", re.ASCII)


@dataclass(frozen=True, slots=True)
class Form:
    """How the rows of a CSV file are written.

    Attributes:
        delimiter: One byte.
        header: Whether the first record names the columns.
        layout: Which column holds what.
    """

    delimiter: bytes
    header: bool
    layout: Layout


def sniff(head: bytes, options: InputOptions, where: str) -> Form:
    """Find out the form of a file from its first bytes.

    Raises:
        UnknownColumn: a field is not among the columns.
    """
    text = head.decode("utf-8", "replace")
    lines = [line for line in re.split(r"\r?\n", text) if line][:_LINES]
    texts = [line for line in lines if line != "-"] or [",,,"]
    delimiter = options.delimiter or max(_DELIMITERS, key=lambda d: _agreement(texts, d))
    rows = [_cells(line, delimiter) for line in texts]
    header = options.header
    if header is None:
        header = lines[:1] != ["-"] and _is_header(rows, options.columns)
    if header:
        layout = named_layout(rows[0], options.columns, where)
    else:
        widths = Counter(map(len, rows))
        usual = len(UNNAMED) in widths and not options.columns
        width = len(UNNAMED) if usual else widths.most_common(1)[0][0]
        layout = unnamed_layout(width, options.columns, where)
    return Form(delimiter.encode(), header, layout)


def columns_of(data: bytes) -> tuple[str, list[str]]:
    """The delimiter of a CSV file with a header, and the names of its columns.

    Args:
        data: The file from its first line on, or as much of it as is there.
    """
    head = data[:HEAD_BYTES]
    if len(data) > HEAD_BYTES:
        head = head[: head.rfind(b"\n") + 1] or head
    lines = [line for line in re.split(r"\r?\n", head.decode("utf-8", "replace")) if line][:_LINES]
    delimiter = max(_DELIMITERS, key=lambda d: _agreement(lines, d))
    return delimiter, _cells(lines[0], delimiter)


def _agreement(lines: Sequence[str], delimiter: str) -> tuple[int, int]:
    """How many lines have the most frequent number of columns, if that is over one; and it."""
    widths = Counter(len(_cells(line, delimiter)) for line in lines)
    width, count = widths.most_common(1)[0]
    return (count, width) if width > 1 else (0, 0)


def _cells(line: str, delimiter: str) -> list[str]:
    """The cells of one line; a quote that is not closed in it is an ordinary character."""
    if '"' not in line:
        return line.split(delimiter)
    edge = re.escape(delimiter)
    cells = re.findall(rf'(?:^|{edge})("(?:[^"]|"")*"(?={edge}|$)|[^{edge}]*)', line)
    return [_unquoted(cell) for cell in cells]


def _unquoted(cell: str) -> str:
    quoted = len(cell) > 1 and cell[0] == cell[-1] == '"'
    return cell[1:-1].replace('""', '"') if quoted else cell


def _is_header(rows: Sequence[Sequence[str]], mapping: Mapping[str, str | int]) -> bool:
    """A header holds no number, and a known name or, over values, as many names as they are."""
    first = rows[0]
    if any(_VALUE.fullmatch(cell) for cell in first):
        return False
    mapped = {str(name).lower() for name in mapping.values()}
    if any(is_known(cell) or cell.strip().lower() in mapped for cell in first):
        return True
    second = rows[1] if len(rows) > 1 else []
    return len(second) == len(first) and any(_VALUE.fullmatch(cell) for cell in second)
