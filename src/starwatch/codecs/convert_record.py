r"""JSON to CSV as NiFi's ConvertRecord does it with the reference's services, to the byte.

The reference (2021) read by a JsonTreeReader that infers its schema and wrote by a
CSVRecordSetWriter: the five fields of `FIELDS`, no header, quotes only where needed, `\` before a
quote or a backslash in quotes, fields trimmed. What is written here was compared with NiFi 1.18's
own classes (Jackson 2.13, commons-csv 1.8):

- One object is one line; objects one after the other and those in arrays are a line each.
- Text stays text and a number a number, whatever type the schema asks for; null and missing fields
  are empty, other fields are left out, names count to the letter.
- Where records of one message have whole numbers and fractions in one field, all become fractions.
- What begins with no object, such as `[]` or nothing at all, is a message without a record: it
  gives an empty one. Behind a first object anything but objects makes the whole unreadable.

Not to the byte: an array in a nested value (Java prints its address), text that NiFi turns into a
number because another record of the message has one there ("007" into 7), a number in the nested
values of several records, and a few doubles far from any rating (2e23).
"""

import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from math import isinf
from typing import Any, NoReturn

FIELDS = ("timestamp", "reviewerID", "dummy", "rating", "productID")
"""The reference's schema."""

PRODUCT = "productID"

_BLANK = "".join(map(chr, range(0x21)))
"""What Java's `trim` takes off: everything up to the space."""

_NEEDS_QUOTES = re.compile(r'^[!-#]|[\n\r",\\]')
_ESCAPED = re.compile(r'["\\]')
_JSON_BLANK = " \t\r\n"
_INTEGER = (-(1 << 63), (1 << 63) - 1)
_PLAIN = (1e-3, 1e7)
"""Java prints a double between these without an exponent."""

_ERRORS = (ValueError, RecursionError)


class Unreadable(Exception):
    """A message that NiFi routes to failure; says why in a few words."""


@dataclass(frozen=True, slots=True)
class Converted:
    """A message that was converted.

    Attributes:
        text: A line for each record, each with its line feed; empty without a record.
        products: The product id of each record as the line has it; empty where it is.
    """

    text: bytes
    products: tuple[str, ...]


def converted(payload: bytes) -> Converted:
    r"""Convert a message.

    Raises:
        Unreadable: it is no JSON, or not only objects.

    >>> converted(b'{"productID": " 007 ", "rating": 4.0, "x": 1}').text
    b',,,4.0,007\n'
    """
    rows = [[record.get(name) for name in FIELDS] for record in records(payload)]
    if len(rows) > 1:
        rows = [list(row) for row in zip(*map(_widened, zip(*rows, strict=True)), strict=True)]
    try:
        texts = [list(map(_trimmed, row)) for row in rows]
    except RecursionError as error:
        raise Unreadable(f"no JSON: {_why(error)}") from None
    lines = "".join(f"{','.join(map(_field, row, range(len(FIELDS))))}\n" for row in texts)
    products = tuple(row[FIELDS.index(PRODUCT)] or "" for row in texts)
    return Converted(lines.encode("utf-8", "replace"), products)


def records(payload: bytes) -> list[dict[str, Any]]:
    """The objects of a message, in order.

    Raises:
        Unreadable: it is no JSON, or not only objects.
    """
    try:
        roots = list(_roots(payload.decode(json.detect_encoding(payload), "surrogatepass")))
        values = list(_flat(roots))
    except _ERRORS as error:
        raise Unreadable(f"no JSON: {_why(error)}") from None
    if not roots:
        return []
    first = roots[0][:1] if isinstance(roots[0], list) else roots[:1]
    if not first or not isinstance(first[0], dict):
        return []
    if not all(isinstance(value, dict) for value in values):
        raise Unreadable("a JSON value that is no object stands behind an object")
    return values


def _roots(text: str) -> Iterator[Any]:
    """The JSON values of a text, one after the other."""
    at = _skipped(text, 0)
    while at < len(text):
        value, end = _DECODER.raw_decode(text, at)
        at = _skipped(text, end)
        number = isinstance(value, int | float) and not isinstance(value, bool)
        if number and at == end < len(text):
            raise ValueError("a number that does not end")
        yield value


def _skipped(text: str, at: int) -> int:
    while at < len(text) and text[at] in _JSON_BLANK:
        at += 1
    return at


def _flat(values: Sequence[Any]) -> Iterator[Any]:
    """The values themselves, in place of the arrays that hold them."""
    for value in values:
        if isinstance(value, list):
            yield from _flat(value)
        else:
            yield value


def _widened(column: Sequence[Any]) -> Sequence[Any]:
    """A field of all records, or an array: whole numbers beside fractions become fractions."""
    fractions = any(isinstance(value, float) for value in column)
    whole = [value for value in column if isinstance(value, int) and not isinstance(value, bool)]
    if not fractions or not all(_INTEGER[0] <= value <= _INTEGER[1] for value in whole):
        return column
    return [
        float(value) if isinstance(value, int) and not isinstance(value, bool) else value
        for value in column
    ]


def _trimmed(value: Any) -> str | None:
    return None if value is None else _text(value).strip(_BLANK)


def _text(value: Any) -> str:
    """A value as Java's `toString` has it."""
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return _double(value)
    if isinstance(value, list):
        return f"[{', '.join(map(_nested, _widened(value)))}]"
    if isinstance(value, dict):
        inner = ", ".join(f"{name}={_nested(each)}" for name, each in value.items())
        return f"MapRecord[{{{inner}}}]"
    return str(value)


def _nested(value: Any) -> str:
    return "null" if value is None else _text(value)


def _double(value: float) -> str:
    if isinf(value):
        return "Infinity" if value > 0 else "-Infinity"
    if value == 0 or _PLAIN[0] <= abs(value) < _PLAIN[1]:
        return repr(value)
    sign, digits, exponent = Decimal(repr(value)).normalize().as_tuple()
    first, *rest = map(str, digits)
    power = int(exponent) + len(rest)
    return f"{'-' * sign}{first}.{''.join(rest) or '0'}E{power}"


def _field(text: str | None, place: int) -> str:
    """A field as commons-csv prints it: an empty text at the start of a line is quoted."""
    if not text:
        return '""' if text == "" and place == 0 else ""
    if not _NEEDS_QUOTES.search(text):
        return text
    return '"' + _ESCAPED.sub(r"\\\g<0>", text) + '"'


def _why(error: BaseException) -> str:
    if isinstance(error, json.JSONDecodeError):
        return f"{error.msg[:1].lower()}{error.msg[1:]} at character {error.pos}"
    if isinstance(error, UnicodeDecodeError):
        return f"bytes that are no {error.encoding} from byte {error.start}"
    return "too deep" if isinstance(error, RecursionError) else str(error)[:80]


def _no_number(name: str) -> NoReturn:
    raise ValueError(f"{name} is no number")


_DECODER = json.JSONDecoder(parse_constant=_no_number)
