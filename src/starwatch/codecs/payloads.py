"""Messages of a stream to ratings, whatever form each has: JSON or CSV, one rating or several.

The form goes by the first character of a message. `{`: one JSON object, or one on each line. `[`: a
JSON array of objects. Anything else: CSV without a header, one record a line; five columns are the
reference's `timestamp,reviewerID,dummy,rating,productID`, four the usual `reviewerID, productID,
rating, timestamp`. In quotes a backslash escapes, as NiFi writes it, and doubled quotes are one.

A message that cannot be read is one reject; of one that holds several ratings a bad one costs
nobody else anything.
"""

import csv
from collections.abc import Sequence
from dataclasses import replace
from operator import methodcaller

import msgspec
import numpy as np
from numpy.typing import NDArray

from starwatch.codecs.columns import nothing
from starwatch.codecs.csv_rows import CsvRows
from starwatch.codecs.fields import NAMES, Layout, unnamed_layout
from starwatch.codecs.messages import JsonMessages
from starwatch.codecs.options import InputOptions
from starwatch.codecs.sniff import Form
from starwatch.errors import UnknownColumn
from starwatch.ratings.batch import Decoded
from starwatch.ratings.rejects import RAW_LIMIT, Reason
from starwatch.ratings.scale import Scale

REFERENCE = {"time": 0, "reviewer": 1, "stars": 3, "product": 4}
"""Where the reference's five columns hold what; its third is a dummy."""

_FIVE = 5
_IS_OBJECT = methodcaller("startswith", b"{")
_ARRAY = msgspec.json.Decoder(list[msgspec.Raw])

Piece = tuple[bytes, bytes]
"""One rating of a message as a JSON object, and as it came."""


class Payloads:
    """Decodes messages.

    Args:
        options: What the user said about the input. `format` `csv` or `jsonl` leaves the other
            out; columns mapped by number are those of CSV, by name those of JSON.
        scale: The scale of the stars.
    """

    def __init__(self, options: InputOptions, scale: Scale) -> None:
        numbered = any(isinstance(place, int) for place in options.columns.values())
        self._csv_alone = options.format == "csv" or numbered
        self._json_alone = options.format in {"jsonl", "json"} and not numbered
        self._delimiter = options.delimiter or ","
        self._numbers = options.columns if numbered else {}
        plain = replace(options, columns={}) if numbered else options
        self._options, self._scale = options, scale
        self._messages = JsonMessages(plain, scale)
        self._names = {
            field: str(plain.columns.get(field, names[0])) for field, names in NAMES.items()
        }
        self._layouts: dict[int, Layout | None] = {}
        self._rows: dict[int, CsvRows] = {}

    def decode(self, messages: Sequence[bytes | None], positions: NDArray[np.int64]) -> Decoded:
        """Decode messages; each rating and reject gets the position of its message.

        Args:
            messages: The bytes of each; None and an empty one are rejects.
            positions: int64; the position of each message, rising. Several ratings of one message
                share it.
        """
        if not messages:
            return nothing()
        whole = [message for message in messages if message is not None]
        if len(whole) == len(messages):
            quick = self._quick(whole)
            if quick is not None:
                decoded, owners = quick
                return _placed(decoded, positions if owners is None else positions[owners])
        found = [self._pieces(message) for message in messages]
        pieces = [piece for each in found for piece in each]
        owners = np.repeat(np.arange(len(messages)), [len(each) for each in found])
        decoded = self._messages.decode([piece for piece, _ in pieces])
        rejects = tuple(
            replace(reject, raw=pieces[reject.position][1][:RAW_LIMIT])
            for reject in decoded.rejects
        )
        return _placed(replace(decoded, rejects=rejects), positions[owners])

    def _quick(self, messages: Sequence[bytes]) -> tuple[Decoded, NDArray[np.int64] | None] | None:
        """All at once where they are of one form and nothing is unreadable, else None.

        Returns:
            The ratings, and the message of each slot where that is not its number.
        """
        if not self._csv_alone and all(map(_IS_OBJECT, messages)):
            if b"\n" in messages[0] and len(self._pieces(messages[0])) > 1:
                return None
            decoded, owners = self._messages.decode(messages), None
        else:
            block = b"\n".join(messages)
            if self._json_alone or any(mark in block for mark in (b'"', b"\\", b"{", b"[", b"\r")):
                return None
            lines = np.array([message.strip(b"\n").count(b"\n") + 1 for message in messages])
            rows = self._csv_rows(block[: (block + b"\n").find(b"\n")])
            if rows is None or not all(messages) or b"\n-\n" in b"\n" + block + b"\n":
                return None
            decoded = rows.decode(block, None, first=0)
            owners = np.repeat(np.arange(len(messages)), lines)
            if decoded.slots != len(owners):
                return None
        unread = any(reject.reason is Reason.UNREADABLE for reject in decoded.rejects)
        return None if unread else (decoded, owners)

    def _pieces(self, message: bytes | None) -> Sequence[Piece]:
        """The ratings of a message, at least one: one that cannot be read is an empty one."""
        whole = b"" if message is None else message
        text = whole.strip().removeprefix(b"\xef\xbb\xbf")
        unread = ((b"", whole),)
        if not self._csv_alone:
            if text.startswith(b"{"):
                return _objects(text, whole)
            if text.startswith(b"["):
                return _elements(text, unread)
        if self._json_alone or not text:
            return unread
        return self._records(text) or unread

    def _records(self, text: bytes) -> list[Piece]:
        """The records of CSV; none where quotes or bytes are broken."""
        pieces: list[Piece] = []
        try:
            lines = text.decode().split("\n")
            ended = [f"{line}\n" for line in lines]
            reader = csv.reader(ended, delimiter=self._delimiter, escapechar="\\", strict=True)
            first = 0
            for row in reader:
                if row:
                    raw = "\n".join(lines[first : reader.line_num]).strip()
                    pieces.append((self._record(row), raw.encode()))
                first = reader.line_num
        except (UnicodeDecodeError, csv.Error):
            return []
        return pieces

    def _record(self, row: Sequence[str]) -> bytes:
        layout = self._layout(len(row))
        if layout is None:
            return b""
        values = {self._names[field]: row[place] for field, place in layout.places.items()}
        return msgspec.json.encode(values)

    def _csv_rows(self, line: bytes) -> CsvRows | None:
        """What reads CSV of as many columns as a line has, or None where that is no rating."""
        width = line.count(self._delimiter.encode()) + 1
        layout = self._layout(width)
        if layout is not None and width not in self._rows:
            form = Form(self._delimiter.encode(), header=False, layout=layout)
            self._rows[width] = CsvRows(form, self._options, self._scale)
        return None if layout is None else self._rows[width]

    def _layout(self, width: int) -> Layout | None:
        if width not in self._layouts:
            self._layouts[width] = self._laid_out(width)
        return self._layouts[width]

    def _laid_out(self, width: int) -> Layout | None:
        if width == _FIVE and not self._numbers:
            return Layout(REFERENCE, (), width)
        try:
            return unnamed_layout(width, self._numbers, "the message")
        except UnknownColumn:
            return None


def _objects(text: bytes, whole: bytes) -> Sequence[Piece]:
    """One object, or one on each line; what is neither is one."""
    lines = [line.strip() for line in text.split(b"\n")]
    lines = [line for line in lines if line]
    if len(lines) > 1 and all(map(_IS_OBJECT, lines)):
        return [(line, line) for line in lines]
    return ((text, whole),)


def _elements(text: bytes, unread: Sequence[Piece]) -> Sequence[Piece]:
    try:
        return [(bytes(each), bytes(each)) for each in _ARRAY.decode(text)]
    except (msgspec.MsgspecError, ValueError, RecursionError):
        return unread


def _placed(decoded: Decoded, places: NDArray[np.int64]) -> Decoded:
    """The same with slot i replaced by `places[i]`."""
    rejects = tuple(replace(r, position=int(places[r.position])) for r in decoded.rejects)
    position = places[decoded.position]
    return replace(decoded, position=position, rejects=rejects, slots=len(places))
