"""Columns of ratings as bytes, for the journal: little to write, and quick to make.

A commit waits for these bytes, and SQLite writes each of them twice. So whole numbers are kept by
their distance from the least of them, in as few bytes as all of them need and in none where all
are equal. LZ4 packs what is left of them, and the quickest level of zstd the texts: ids are mostly
random, of which LZ4 finds next to nothing, and what zstd takes longer SQLite need not write.
"""

import msgspec
import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

_WORTH_PACKING = 256
"""Bytes from which packing is tried: fewer hardly shrink, and a call costs microseconds."""

_WIDTHS = ((1 << 8, 1), (1 << 16, 2), (1 << 32, 4))


class Packed(msgspec.Struct, array_like=True, frozen=True):
    """Where some bytes are, and what tells how to read them.

    Attributes:
        count: How many numbers or bytes of texts they are.
        least: What is to be added to each number.
        width: The bytes of one; 0 where all numbers are `least`.
        start: Where they begin.
        size: How many bytes are stored; fewer than `count * width` where they are packed.
    """

    count: int
    least: int = 0
    width: int = 0
    start: int = 0
    size: int = 0


class Writer:
    """Collects columns; what each call returns is needed to read the column again."""

    def __init__(self) -> None:
        self._numbers, self._texts = _codecs()
        self._parts: list[pa.Buffer] = []
        self._end = 0

    def numbers(self, values: NDArray[np.int64]) -> Packed:
        """Whole numbers: int64, shape (n,)."""
        if not len(values):
            return Packed(0)
        least, most = int(values.min()), int(values.max())
        if least == most:
            return Packed(len(values), least)
        width = next((width for end, width in _WIDTHS if most - least < end), 8)
        rest = (values - least).astype(f"<u{width}")  # may wrap, and so does the sum again
        return self._put(self._numbers, pa.py_buffer(rest), least, width)

    def texts(self, values: pa.StringArray) -> tuple[Packed, Packed]:
        """Texts without nulls: their lengths, and the bytes of all of them."""
        _, offsets, data = values.buffers()
        if not len(values):
            return Packed(0), Packed(0)
        places = np.frombuffer(offsets, np.int32)[values.offset :][: len(values) + 1]
        first, end = int(places[0]), int(places[-1])
        lengths = self.numbers(np.diff(places).astype(np.int64))
        if first == end:
            return lengths, Packed(0)
        return lengths, self._put(self._texts, data.slice(first, end - first))

    def written(self) -> list[pa.Buffer]:
        """The bytes of all columns, in pieces."""
        return self._parts

    def _put(self, codec: pa.Codec, data: pa.Buffer, least: int = 0, width: int = 1) -> Packed:
        count, start = data.size // width, self._end
        if data.size >= _WORTH_PACKING and (packed := codec.compress(data)).size < data.size:
            data = packed
        self._parts.append(data)
        self._end += data.size
        return Packed(count, least, width, start, data.size)


class Reader:
    """Reads what a `Writer` wrote, any column in any order.

    Args:
        data: Its bytes.
    """

    def __init__(self, data: pa.Buffer) -> None:
        self._numbers, self._texts = _codecs()
        self._data = data

    def numbers(self, packed: Packed) -> NDArray[np.int64]:
        """Whole numbers.

        Raises:
            ValueError: they are not there; `OSError` too.
        """
        if not packed.width:
            return np.full(packed.count, packed.least, np.int64)
        rest = np.frombuffer(self._bytes(self._numbers, packed), f"<u{packed.width}")
        return rest.astype(np.int64) + packed.least

    def texts(self, lengths: Packed, data: Packed) -> pa.StringArray:
        """Texts.

        Raises:
            ValueError: they are not there; `OSError` too.
        """
        places = np.zeros(lengths.count + 1, np.int32)
        np.cumsum(self.numbers(lengths), out=places[1:])
        if places[-1] != data.count:
            raise ValueError(f"{data.count} bytes are texts of other lengths")
        return pa.StringArray.from_buffers(
            lengths.count, pa.py_buffer(places), self.bytes_of_texts(data)
        )

    def bytes_of_texts(self, data: Packed) -> pa.Buffer:
        """The bytes of texts, one after the other.

        Raises:
            ValueError: they are not there; `OSError` too.
        """
        return self._bytes(self._texts, data)

    def _bytes(self, codec: pa.Codec, packed: Packed) -> pa.Buffer:
        raw = packed.count * packed.width
        if packed.start + packed.size > self._data.size:
            raise ValueError("their end is missing")
        stored = self._data.slice(packed.start, packed.size)
        return stored if packed.size == raw else codec.decompress(stored, raw)


def _codecs() -> tuple[pa.Codec, pa.Codec]:
    """For numbers and for texts; nothing says that threads may share one."""
    return pa.Codec("lz4_raw"), pa.Codec("zstd", compression_level=1)
