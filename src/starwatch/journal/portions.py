"""Ratings of many journal entries at once: a live stream makes hundreds of small ones a second.

To unpack a column takes microseconds however short it is. Here a column of many entries is
unpacked together, so that it is the ratings that take the time and not the entries.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from starwatch.journal.columns import Packed, Reader
from starwatch.journal.entries import (
    NUMBERS,
    SCHEMA,
    SINCE,
    STEPS,
    Head,
    number_column,
    read_head,
)

_BROKEN = (ValueError, KeyError, IndexError, OverflowError, OSError)
"""What reading bytes raises that are no entry."""


@dataclass(frozen=True, slots=True)
class Portion:
    """The ratings of entries that follow one another.

    Attributes:
        first: The first entry.
        last: The last one.
        ratings: Some of the columns of `journal.entries.SCHEMA`, in order.
    """

    first: int
    last: int
    ratings: pa.RecordBatch


@dataclass(frozen=True, slots=True)
class _Opened:
    """An entry whose columns are still packed."""

    number: int
    head: Head
    reader: Reader

    def __len__(self) -> int:
        """How many ratings it holds."""
        return self.head.columns["stars"][0].count


class BrokenEntry(ValueError):
    """An entry cannot be read.

    Attributes:
        number: Which.
    """

    def __init__(self, number: int, why: Exception) -> None:
        super().__init__(str(why))
        self.number = number


def portions(
    bodies: Iterable[tuple[int, bytes]], columns: Sequence[str], most: int
) -> Iterator[Portion]:
    """Entries in order, so many at once that memory stays small; none is left out.

    Args:
        bodies: Entries as `Entry.encode` makes them, each with its number, rising by one.
        columns: Which columns of their ratings are wanted, in the order of `SCHEMA`.
        most: Ratings of a portion at most, but for an entry that alone has more.

    Raises:
        BrokenEntry: one of them cannot be read.
    """
    waiting: list[_Opened] = []
    ratings = 0
    for number, body in bodies:
        entry = _opened(number, body)
        if waiting and ratings + len(entry) > most:
            yield _portion(waiting, columns)
            waiting, ratings = [], 0
        waiting.append(entry)
        ratings += len(entry)
    if waiting:
        yield _portion(waiting, columns)


def _opened(number: int, body: bytes) -> _Opened:
    try:
        head, data = read_head(body)
        entry = _Opened(number, head, Reader(data))
        len(entry)
    except _BROKEN as error:
        raise BrokenEntry(number, error) from None
    return entry


def _portion(entries: Sequence[_Opened], names: Sequence[str]) -> Portion:
    first, last = entries[0].number, entries[-1].number
    try:
        numbers = {name: _numbers(name, entries) for name in names if name in NUMBERS}
        for name, since in SINCE.items():
            if name in numbers:
                numbers[name] += numbers[since] if since in numbers else _numbers(since, entries)
        columns = [
            number_column(name, numbers[name]) if name in NUMBERS else _texts(name, entries)
            for name in names
        ]
        schema = pa.schema([SCHEMA.field(name) for name in names])
        return Portion(first, last, pa.record_batch(columns, schema=schema))
    except _BROKEN as error:
        if len(entries) == 1:
            raise BrokenEntry(first, error) from None
        for entry in entries:  # the broken one says so
            _portion([entry], names)
        raise


def _numbers(name: str, entries: Sequence[_Opened]) -> NDArray[np.int64]:
    """A column of numbers as it was put; those that are kept by steps as they were."""
    if name not in STEPS:
        return _unpacked([(entry.reader, entry.head.columns[name][0]) for entry in entries])
    steps = _unpacked(
        [(entry.reader, packed) for entry in entries for packed in entry.head.columns[name]]
    )
    lengths = np.array([len(entry) for entry in entries])
    sums = steps.cumsum()
    starts = (lengths.cumsum() - lengths)[lengths > 0]
    before = sums[starts] - steps[starts]  # what the sum was where each entry begins
    numbers: NDArray[np.int64] = sums - np.repeat(before, lengths[lengths > 0])
    return numbers


def _unpacked(parts: Sequence[tuple[Reader, Packed]]) -> NDArray[np.int64]:
    """Numbers one after the other."""
    counts = [packed.count for _, packed in parts]
    numbers = np.repeat(np.array([packed.least for _, packed in parts], np.int64), counts)
    end = 0
    for (reader, packed), count in zip(parts, counts, strict=True):
        end += count
        if packed.width:
            numbers[end - count : end] = reader.numbers(packed)
    return numbers


def _texts(name: str, entries: Sequence[_Opened]) -> pa.StringArray:
    lengths = [entry.head.columns[name][0] for entry in entries]
    data = [entry.head.columns[name][1] for entry in entries]
    readers = [entry.reader for entry in entries]
    places = np.zeros(sum(map(len, entries)) + 1, np.int32)
    np.cumsum(_unpacked(list(zip(readers, lengths, strict=True))), out=places[1:])
    ends = places[np.cumsum([packed.count for packed in lengths])]
    if np.diff(ends, prepend=0).tolist() != [packed.count for packed in data]:
        raise ValueError("bytes are texts of other lengths")
    joined = b"".join(map(Reader.bytes_of_texts, readers, data))
    return pa.StringArray.from_buffers(len(places) - 1, pa.py_buffer(places), pa.py_buffer(joined))
