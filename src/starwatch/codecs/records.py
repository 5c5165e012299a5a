"""Where the records of delimited text begin and end, and which of them are rows.

The rules, which do not depend on how a file is cut into blocks:

- A record ends at a line feed outside quotes; a carriage return before it belongs to the line end.
- A field is quoted if it begins with `"`; it may hold delimiters, line feeds and doubled quotes,
  and its closing quote is followed by a delimiter or the end of the record. Elsewhere a quote is an
  ordinary character.
- A record without a character is blank and is skipped; one that is just `-` is a pause.
- A record with another number of columns, of more than 1 MiB, or with a carriage return outside
  quotes that ends no line is bad.
- Damage stays small: where a quoted field does not end by these rules, or the record that it makes
  over several lines is bad, only its first line is the bad record, and reading goes on with the
  next line.
"""

import re
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

ROW, PAUSE, BAD_ROW = 0, 1, 2

MAX_RECORD = 1 << 20
"""Bytes of a record: far above any review text, far below what a lost quote may swallow."""

_QUOTED = re.compile(rb'"[^"]*+(?:""[^"]*+)*+"')
_NEWLINE, _RETURN, _QUOTE, _DASH = b'\n\r"-'


@dataclass(frozen=True, slots=True)
class Records:
    """The records at the start of a buffer that are whole, blank ones left out.

    Attributes:
        starts: int64; where each begins.
        ends: int64; where each ends, before its line end.
        kinds: uint8; `ROW`, `PAUSE` or `BAD_ROW`.
        consumed: Where the first record begins that is not whole yet.
    """

    starts: NDArray[np.int64]
    ends: NDArray[np.int64]
    kinds: NDArray[np.uint8]
    consumed: int


def find_records(buffer: bytes, delimiter: bytes, width: int, *, last: bool) -> Records:
    """Find the whole records of a buffer that begins with one.

    Args:
        buffer: The bytes.
        delimiter: One byte.
        width: The number of columns of a row.
        last: Whether the input ends with this buffer.
    """
    records = _regular(buffer, delimiter, width, last=last)
    return _exact(buffer, delimiter, width, last=last) if records is None else records


def _regular(buffer: bytes, delimiter: bytes, width: int, *, last: bool) -> Records | None:
    """Find them at once where every quote stands where it should; None where one does not."""
    codes = np.frombuffer(buffer, np.uint8)
    quotes = np.flatnonzero(codes == _QUOTE)
    newlines = np.flatnonzero(codes == _NEWLINE)
    delimiters = np.flatnonzero(codes == ord(delimiter))
    ends = newlines
    if len(quotes):
        if not _well_placed(codes, quotes, ord(delimiter)) or (last and len(quotes) % 2):
            return None
        ends = _outside(newlines, quotes)
        delimiters = _outside(delimiters, quotes)
    consumed = int(ends[-1]) + 1 if len(ends) else 0
    if last and consumed < len(buffer):
        ends = np.append(ends, len(buffer))
        consumed = len(buffer)
    if len(buffer) - consumed > MAX_RECORD and len(quotes):
        return None
    starts = np.concatenate([np.zeros(min(1, len(ends)), np.int64), ends[:-1] + 1])
    counts = np.diff(np.searchsorted(delimiters, ends), prepend=0)
    bad = (counts != width - 1) | (ends - starts > MAX_RECORD)
    bad[_lone_returns(codes, quotes, ends)] = True
    if len(quotes) and bad.any() and _spans_lines(newlines, starts[bad], ends[bad]):
        return None
    return _told_apart(codes, starts, ends, bad, consumed)


def _lone_returns(
    codes: NDArray[np.uint8], quotes: NDArray[np.int64], ends: NDArray[np.int64]
) -> NDArray[np.int64]:
    """The records that hold a carriage return outside quotes which ends no line."""
    returns = _outside(np.flatnonzero(codes == _RETURN), quotes)
    records = np.searchsorted(ends, returns + 1)
    inside = records < len(ends)
    returns, records = returns[inside], records[inside]
    lone: NDArray[np.int64] = records[ends[records] != returns + 1]
    return lone


def _outside(places: NDArray[np.int64], quotes: NDArray[np.int64]) -> NDArray[np.int64]:
    outside: NDArray[np.int64] = places[np.searchsorted(quotes, places) % 2 == 0]
    return outside


def _spans_lines(
    newlines: NDArray[np.int64], starts: NDArray[np.int64], ends: NDArray[np.int64]
) -> bool:
    inner = np.searchsorted(newlines, ends) - np.searchsorted(newlines, starts)
    return bool(inner.any())


def _well_placed(codes: NDArray[np.uint8], quotes: NDArray[np.int64], delimiter: int) -> bool:
    """Whether opening quotes follow, and closing quotes precede, the edge of a field."""
    size = len(codes)
    opening, closing = quotes[0::2], quotes[1::2]
    before = codes[opening - 1]
    opens = (opening == 0) | (before == delimiter) | (before == _NEWLINE) | (before == _QUOTE)
    after = codes[np.minimum(closing + 1, size - 1)]
    then = codes[np.minimum(closing + 2, size - 1)]
    returns = (after == _RETURN) & ((closing + 2 >= size) | (then == _NEWLINE))
    closes = (after == delimiter) | (after == _NEWLINE) | (after == _QUOTE) | returns
    return bool(opens.all() and (closes | (closing == size - 1)).all())


def _told_apart(
    codes: NDArray[np.uint8],
    starts: NDArray[np.int64],
    ends: NDArray[np.int64],
    bad: NDArray[np.bool_],
    consumed: int,
) -> Records:
    filled = ends > starts
    ends = ends - (filled & (codes[ends - 1] == _RETURN)) if len(ends) else ends
    length = ends - starts
    kinds = np.where(bad, BAD_ROW, ROW).astype(np.uint8)
    if len(starts):
        dash = (length == 1) & (codes[np.minimum(starts, len(codes) - 1)] == _DASH)
        kinds[dash] = PAUSE
    kept = length > 0
    return Records(starts[kept], ends[kept], kinds[kept], consumed)


def _exact(buffer: bytes, delimiter: bytes, width: int, *, last: bool) -> Records:
    """Find them one by one."""
    spans: list[tuple[int, int]] = []
    bad: list[bool] = []
    at, size = 0, len(buffer)
    while at < size:
        line = buffer.find(b"\n", at)
        if line < 0 and not last:
            break
        line = size if line < 0 else line
        end = line
        if line - at > MAX_RECORD:
            wrong = True
        elif buffer.find(b'"', at, line) < 0:
            lone = buffer.find(b"\r", at, line - 1) >= 0
            wrong = lone or buffer.count(delimiter, at, line) != width - 1
        else:
            found, columns = _fields(buffer, at, delimiter, last=last)
            if found is None:
                break
            wrong = columns != width or found - at > MAX_RECORD
            end = line if wrong else found
        spans.append((at, end))
        bad.append(wrong)
        at = end + 1
    edges = np.array(spans, np.int64).reshape(-1, 2)
    codes = np.frombuffer(buffer, np.uint8)
    wrongs = np.array(bad, dtype=bool)
    return _told_apart(codes, edges[:, 0], edges[:, 1], wrongs, min(at, size))


def _fields(buffer: bytes, start: int, delimiter: bytes, *, last: bool) -> tuple[int | None, int]:
    """Where a record with quotes ends, and how many columns it has.

    Returns:
        The end is None where the buffer must go on before it can be told; the number of columns
        is 0 where a quoted field does not end as it must.
    """
    size, limit = len(buffer), start + MAX_RECORD + 2
    unknown = None if not last and size < limit else start
    at, columns = start, 0
    while True:
        columns += 1
        if not buffer.startswith(b'"', at):
            begin, at = at, _field_end(buffer, at, delimiter)
            lone = buffer.find(b"\r", begin, at)
            if lone >= 0 and (lone < at - 1 or buffer.startswith(delimiter, at)):
                return start, 0
        elif quoted := _QUOTED.match(buffer, at, limit):
            at = quoted.end()
            if buffer.startswith(b"\r", at) and buffer[at + 1 : at + 2] in (b"", b"\n"):
                at += 1
        else:
            return unknown, 0
        if at >= size:
            return (size, columns) if last else (unknown, 0)
        if buffer.startswith(b"\n", at):
            return at, columns
        if not buffer.startswith(delimiter, at):
            return start, 0
        at += 1


def _field_end(buffer: bytes, start: int, delimiter: bytes) -> int:
    line = buffer.find(b"\n", start)
    line = len(buffer) if line < 0 else line
    end = buffer.find(delimiter, start, line)
    return line if end < 0 else end
