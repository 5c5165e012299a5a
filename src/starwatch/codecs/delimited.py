"""CSV: bytes that come in any pieces to ratings."""

import numpy as np

from starwatch.codecs.columns import nothing
from starwatch.codecs.csv_rows import CsvRows
from starwatch.codecs.options import InputOptions
from starwatch.codecs.records import MAX_RECORD, PAUSE, Records
from starwatch.codecs.sniff import HEAD_BYTES, sniff
from starwatch.ratings.batch import Decoded
from starwatch.ratings.scale import Scale

_BOM = b"\xef\xbb\xbf"


class CsvDecoder:
    """Reads one CSV file that comes in pieces; what comes out does not depend on the pieces.

    What counts as a record is written in `starwatch.codecs.records`. Each record takes a slot,
    blank ones and the header do not.

    Args:
        options: What the user said about the input.
        scale: The scale of its stars.
        where: The name of the input, for errors.
    """

    def __init__(self, options: InputOptions, scale: Scale, where: str = "the input") -> None:
        self._options = options
        self._scale = scale
        self._where = where

        self._held = b""
        self._begun = False
        self._slots = 0
        self._rows: CsvRows | None = None

    def found(self) -> dict[str, str]:
        """Field to the column that holds it; empty until enough has been read."""
        return {} if self._rows is None else self._rows.form.layout.found()

    @property
    def slots(self) -> int:
        """How many slots have been decoded so far."""
        return self._slots

    def feed(self, data: bytes) -> Decoded:
        """Decode the next bytes, as far as records are whole.

        Raises:
            UnknownColumn: a field is not among the columns.
        """
        self._held = self._held + data if self._held else data
        if not self._begun and len(self._held) < HEAD_BYTES:
            return nothing()
        return self._whole(last=False)

    def finish(self, *, broken: bool = False) -> Decoded:
        """Decode what is left.

        Args:
            broken: The input broke off here: its last record is not whole and no rating.
        """
        if broken:
            self._held = self._held[: self._held.rfind(b"\n") + 1]
        return self._whole(last=True)

    def _whole(self, *, last: bool) -> Decoded:
        if not self._begun:
            self._begin(last=last)
        if self._rows is None:
            return nothing()
        block, records = self._cut(self._rows, last=last)
        decoded = self._rows.decode(block, records, first=self._slots)
        self._slots += decoded.slots
        return decoded

    def _begin(self, *, last: bool) -> None:
        self._begun = True
        self._held = self._held.removeprefix(_BOM)
        head = self._held[:HEAD_BYTES]
        if not (last and len(self._held) <= HEAD_BYTES):
            # Leave out the line that the head cuts.
            head = head[: head.rfind(b"\n") + 1] or head
        if last and not head.strip(b"\r\n"):
            return
        form = sniff(head, self._options, self._where)
        self._rows = CsvRows(form, self._options, self._scale)
        if form.header:
            self._held = _after_header(self._held, self._rows.records(head))

    def _cut(self, rows: CsvRows, *, last: bool) -> tuple[bytes, Records | None]:
        """Take the whole records off what is held; without quotes nobody need look for them."""
        held, records = self._held, None
        if b'"' in held:
            records = rows.records(held, last=last)
            end = records.consumed
        else:
            end = len(held) if last else held.rfind(b"\n") + 1
        rest = held[end:]
        if len(rest) > MAX_RECORD and b"\n" not in rest:
            # One line without end: keep enough of it to know it as too long, and no more.
            rest = rest[: MAX_RECORD + 1]
        self._held = rest
        return held[:end] if rest else held, records


def _after_header(held: bytes, records: Records) -> bytes:
    named = np.flatnonzero(records.kinds != PAUSE)
    line_end = held.find(b"\n", int(records.ends[named[0]]))
    return b"" if line_end < 0 else held[line_end + 1 :]
