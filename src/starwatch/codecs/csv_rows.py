"""Blocks of whole CSV records to ratings, by Arrow's reader wherever nothing is wrong."""

import re
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pyarrow as pa
import pyarrow.csv as pacsv
from numpy.typing import NDArray

from starwatch.codecs.columns import Read, assemble, star_steps
from starwatch.codecs.options import InputOptions
from starwatch.codecs.records import BAD_ROW, MAX_RECORD, ROW, Records, find_records
from starwatch.codecs.sniff import Form
from starwatch.codecs.times import TimeReader
from starwatch.ratings.batch import Decoded
from starwatch.ratings.rejects import RAW_LIMIT, Reason, Reject
from starwatch.ratings.scale import Scale

_TEXT = pa.binary()
_WORD = pa.dictionary(pa.int32(), pa.binary())
_FILLED = re.compile(rb"[^\r\n]")


class CsvRows:
    """Reads blocks of whole records of one form.

    Args:
        form: Delimiter and columns.
        options: What the user said about times.
        scale: The scale of the stars.
    """

    def __init__(self, form: Form, options: InputOptions, scale: Scale) -> None:
        self.form = form
        self._scale = scale
        self._times = TimeReader(options.time_unit, options.zone)
        self._time_needed = options.time_needed

    def records(self, block: bytes, *, last: bool = True) -> Records:
        """The records of a block that begins with one."""
        return find_records(block, self.form.delimiter, self.form.layout.width, last=last)

    def decode(self, block: bytes, records: Records | None, *, first: int) -> Decoded:
        """Decode a block.

        Args:
            block: Whole records.
            records: Where they are; None if the block holds no quotes and nobody has looked.
            first: The slot of the first record.
        """
        quoted = records is not None
        if records is None and _needs_care(block):
            records = self.records(block)
        if records is None or (records.kinds == ROW).all():
            table = self._parse(block, quoted=quoted)
            if table is not None and (records is None or len(records.kinds) == table.num_rows):
                return self._plain(table, block, records, first=first)
        return self._parts(block, records or self.records(block), first=first, quoted=quoted)

    def _plain(
        self, table: pa.Table, block: bytes, records: Records | None, *, first: int
    ) -> Decoded:
        """All records of the block are rows."""

        def raw_of(rows: Sequence[int]) -> list[bytes]:
            return _raws(block, records or self.records(block), np.array(rows))

        positions = np.arange(first, first + table.num_rows)
        decoded = assemble(self._read(table), positions, raw_of, time_needed=self._time_needed)
        return replace(decoded, slots=table.num_rows)

    def _parts(self, block: bytes, records: Records, *, first: int, quoted: bool) -> Decoded:
        """Some records are no rows: single them out and parse the others without them."""
        rows = np.flatnonzero(records.kinds == ROW)
        table = self._parse(_joined(block, records, rows), quoted=quoted)
        if table is None or table.num_rows != len(rows):
            raise AssertionError("the records of a CSV block do not agree with Arrow's")
        decoded = assemble(
            self._read(table),
            rows + first,
            lambda at: _raws(block, records, rows[at]),
            time_needed=self._time_needed,
        )
        bad = np.flatnonzero(records.kinds == BAD_ROW)
        unread = [
            Reject(position, Reason.UNREADABLE, raw)
            for position, raw in zip(
                (bad + first).tolist(), _raws(block, records, bad), strict=True
            )
        ]
        rejects = sorted([*decoded.rejects, *unread], key=lambda reject: reject.position)
        return replace(decoded, rejects=tuple(rejects), slots=len(records.kinds))

    def _parse(self, block: bytes, *, quoted: bool) -> pa.Table | None:
        """All rows of a block; None where there is one with another number of columns."""
        names = [str(number) for number in range(self.form.layout.width)]
        types = {
            names[place]: _WORD if field == "stars" else _TEXT
            for field, place in self.form.layout.places.items()
        }
        if not _FILLED.search(block):
            return pa.table({name: pa.array([], kind) for name, kind in types.items()})
        try:
            return pacsv.read_csv(
                pa.BufferReader(block),
                pacsv.ReadOptions(use_threads=False, block_size=len(block) + 1, column_names=names),
                pacsv.ParseOptions(
                    delimiter=self.form.delimiter.decode(),
                    quote_char='"' if quoted else False,
                    newlines_in_values=quoted,
                ),
                pacsv.ConvertOptions(
                    check_utf8=False,
                    column_types=types,
                    include_columns=list(types),
                    null_values=[],
                    strings_can_be_null=False,
                ),
            )
        except pa.ArrowInvalid:
            return None

    def _read(self, table: pa.Table) -> Read:
        def column(field: str) -> pa.Array | None:
            place = self.form.layout.places.get(field)
            return None if place is None else _one_chunk(table.column(str(place)))

        product, stars = column("product"), column("stars")
        steps, verdicts = star_steps(stars, self._scale)
        time = column("time")
        return Read(
            product=product,
            reviewer=column("reviewer"),
            rating_id=column("id"),
            steps=steps,
            verdicts=verdicts,
            event_ms=None if time is None else self._times.texts(_as_text(time)),
        )


def _needs_care(block: bytes) -> bool:
    """Whether a block without quotes may hold what Arrow's reader sees in another way."""
    if b"\r" in block and block.count(b"\r") != block.count(b"\r\n"):
        return True
    half = MAX_RECORD // 2
    return any(block.find(b"\n", at, at + half) < 0 for at in range(0, len(block) - half, half))


def _one_chunk(column: pa.ChunkedArray) -> pa.Array:
    if column.num_chunks == 1:
        return column.chunk(0)
    return pa.concat_arrays(column.unify_dictionaries().chunks or [pa.array([], column.type)])


def _as_text(column: pa.Array) -> pa.Array:
    try:
        return column.cast(pa.string())
    except pa.ArrowInvalid:
        texts = [value.decode(errors="replace") for value in column.to_pylist()]
        return pa.array(texts, pa.string())


def _joined(block: bytes, records: Records, rows: NDArray[np.int64]) -> bytes:
    """The bytes of these records alone; neighbours are taken in one piece."""
    if not len(rows):
        return b""
    gaps = np.flatnonzero(np.diff(rows) > 1) + 1
    firsts = rows[np.concatenate([[0], gaps])]
    lasts = rows[np.concatenate([gaps - 1, [len(rows) - 1]])]
    starts, ends = records.starts[firsts].tolist(), records.ends[lasts].tolist()
    return b"\n".join(block[start:end] for start, end in zip(starts, ends, strict=True))


def _raws(block: bytes, records: Records, rows: NDArray[np.int64]) -> list[bytes]:
    starts = records.starts[rows]
    ends = np.minimum(records.ends[rows], starts + RAW_LIMIT)
    return [block[a:b] for a, b in zip(starts.tolist(), ends.tolist(), strict=True)]
