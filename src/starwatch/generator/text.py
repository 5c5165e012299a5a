"""Ratings as lines of text: CSV and JSON lines."""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from starwatch.generator.flaws import JUNK_LINE, Flaw, off_scale_text
from starwatch.ratings.scale import Scale

FIELDS = ("reviewerID", "productID", "rating", "timestamp", "id")
"""Names of the columns; the last only where ratings have ids."""

_BAD_STARS = "five"
_BAD_TIME = "yesterday"


@dataclass(frozen=True, slots=True)
class Columns:
    """Rows as texts, ready to be joined; all of one length.

    Attributes:
        texts: Arrow `string` columns in the order of `FIELDS`: four, or five with rating ids.
        flaw: uint8; 0 for a sound row, otherwise a `Flaw`.
        scale: The scale of the stars.
    """

    texts: Sequence[pa.Array]
    flaw: NDArray[np.uint8]
    scale: Scale


def csv_header(*, ids: bool) -> bytes:
    """The first line of a CSV file."""
    return ",".join(FIELDS if ids else FIELDS[:-1]).encode() + b"\n"


def csv_bytes(rows: Columns) -> memoryview:
    """The rows as lines of CSV, malformed ones among them."""
    joined = pc.binary_join_element_wise(*rows.texts, ",")
    return _lines(joined, rows, csv_line)


def jsonl_bytes(rows: Columns) -> memoryview:
    """The rows as JSON objects, one a line, malformed ones among them."""
    reviewer, product, stars, time, *ids = rows.texts
    parts = ['{"reviewerID":"', reviewer, '","productID":"', product, '","rating":', stars]
    parts += [',"timestamp":', time]
    for column in ids:
        parts += [',"id":"', column, '"']
    joined = pc.binary_join_element_wise(*parts, "}", "")
    return _lines(joined, rows, json_line)


def csv_line(flaw: Flaw, scale: Scale, texts: Sequence[str]) -> str:
    """A malformed row as a line of CSV, without its end; `texts` are those of the sound row."""
    if flaw is Flaw.JUNK:
        return JUNK_LINE
    line = ",".join("" if text is None else text for text in _spoilt(flaw, scale, texts))
    return line[: len(line) // 2] if flaw is Flaw.CUT_OFF else line


def json_line(flaw: Flaw, scale: Scale, texts: Sequence[str]) -> str:
    """A malformed row as a line of JSON, without its end; `texts` are those of the sound row."""
    if flaw is Flaw.JUNK:
        return JUNK_LINE
    pairs = zip(FIELDS, _spoilt(flaw, scale, texts), strict=False)
    members = [f'"{name}":{_json(name, text)}' for name, text in pairs if text is not None]
    line = "{" + ",".join(members) + "}"
    return line[: len(line) // 2] if flaw is Flaw.CUT_OFF else line


def _spoilt(flaw: Flaw, scale: Scale, texts: Sequence[str]) -> list[str | None]:
    out: list[str | None] = list(texts)
    match flaw:
        case Flaw.NO_PRODUCT:
            out[1] = None
        case Flaw.NO_STARS:
            out[2] = None
        case Flaw.OFF_SCALE:
            out[2] = off_scale_text(scale)
        case Flaw.BAD_STARS:
            out[2] = _BAD_STARS
        case Flaw.BAD_TIME:
            out[3] = _BAD_TIME
        case Flaw.CUT_OFF | Flaw.JUNK:
            pass
    return out


def _json(name: str, text: str) -> str:
    is_number = name in {"rating", "timestamp"} and text not in {_BAD_STARS, _BAD_TIME}
    return text if is_number else json.dumps(text)


def _lines(
    joined: pa.Array, rows: Columns, line: Callable[[Flaw, Scale, Sequence[str]], str]
) -> memoryview:
    broken = np.flatnonzero(rows.flaw)
    if len(broken):
        index = pa.array(broken)
        texts = zip(*(column.take(index).to_pylist() for column in rows.texts), strict=True)
        flaws = rows.flaw[broken].tolist()
        spoilt = [line(Flaw(f), rows.scale, row) for f, row in zip(flaws, texts, strict=True)]
        joined = pc.replace_with_mask(joined, pa.array(rows.flaw != 0), pa.array(spoilt))
    ended = pc.binary_join_element_wise(joined, "", "\n")
    # The characters of an Arrow string column lie behind one another: they are the file.
    return memoryview(ended.buffers()[2])
