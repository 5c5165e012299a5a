"""A journal entry: ratings with their classes, and what happened between them, as bytes.

An entry holds the engine's inputs of one commit in their order. Ratings lie in one table whatever
batches they came in, for rows never depend on batch cuts; a mark says behind how many of them
something else happened.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Self

import msgspec
import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from starwatch.journal.columns import Packed, Reader, Writer
from starwatch.ratings.batch import NO_TIME, Batch, Found, empty_texts
from starwatch.ratings.rejects import Reason, Reject

NUMBERS = {
    "arrival_ms": pa.int64(),
    "partition": pa.int32(),
    "position": pa.int64(),
    "stars": pa.uint8(),
    "event_ms": pa.int64(),
    "class": pa.uint8(),
    "met_ms": pa.int64(),
}
TEXTS = ("product", "reviewer", "rating_id")
SCHEMA = pa.schema([*NUMBERS.items(), *((name, pa.string()) for name in TEXTS)])
"""The columns of a journalled rating: those of a `Batch`, its class, and the watermark that it came
behind, null where it did not."""

Part = tuple[Batch, NDArray[np.uint8], NDArray[np.int64] | None]
"""A batch, the class of each of its ratings, and the watermark that each came behind: `NO_TIME`
where it did not; None where none did."""

STEPS = ("arrival_ms", "position")
"""Numbers that hardly change from one rating to the next: kept by how far they are from it."""

SINCE = {"event_ms": "arrival_ms"}
"""Numbers that are kept by how far they are from another column."""

_DUPLICATE = 1
"""The class of a duplicate (`admission.ledger`, which a recomputation must not import)."""


class MarkKind(StrEnum):
    """What can happen to the engine besides ratings.

    `busy` is nothing that happens to it: it notes which partitions hold the watermark, for those
    who compute it again. `reached` is the word of another engine.
    """

    JOIN = "join"
    LEAVE = "leave"
    CAUGHT_UP = "caught_up"
    CONNECTED = "connected"
    TICK = "tick"
    REACHED = "reached"
    BUSY = "busy"
    RESTART = "restart"
    FINISH = "finish"


@dataclass(frozen=True, slots=True)
class Mark:
    """Something that happened to the engine besides ratings.

    Attributes:
        kind: What.
        after: Behind how many ratings of its entry.
        at_ms: When, on the engine's clock.
        partition: Whose; -1 where it concerns all.
        value: Whether, for `caught_up`, `connected` and `busy`, and for a join: is caught up.
        watermark_ms: Where the clock, or another engine, moved the watermark itself; None where
            it did not.
    """

    kind: MarkKind
    after: int
    at_ms: int = 0
    partition: int = -1
    value: bool = False
    watermark_ms: int | None = None


@dataclass(frozen=True, slots=True)
class Entry:
    """The engine's inputs of one commit.

    Attributes:
        ratings: One Arrow record batch with the columns of `SCHEMA`, in order of arrival.
        marks: By rising `after`; several at one place in their order.
        refused: How many rejects came with them, by reason. They move nothing but the books, so
            their place does not matter; what they were is in a table of their own.
    """

    ratings: pa.RecordBatch
    marks: tuple[Mark, ...] = ()
    refused: Mapping[Reason, int] = field(default_factory=dict)

    @classmethod
    def of(cls, parts: Sequence[Part], marks: Sequence[Mark]) -> Self:
        """An entry of batches with what became of them, and marks that count over all of them."""
        refused = Counter(reject.reason for batch, *_ in parts for _, reject in batch.rejects)
        tables = [rating_columns(*part) for part in parts if len(part[0])]
        if not tables:
            return cls(pa.RecordBatch.from_pylist([], SCHEMA), tuple(marks), refused)
        if len(tables) > 1:
            whole = pa.Table.from_batches(tables).combine_chunks().to_batches()[0]
        else:
            whole = tables[0]
        return cls(whole, tuple(marks), refused)

    def encode(self) -> bytes:
        """The entry as bytes: how long its head is, its head, and its columns."""
        writer = Writer()
        columns = _packed(self.ratings, writer)
        head = Head(self.marks, dict(self.refused), columns)
        told = msgspec.msgpack.encode(head)
        return b"".join((len(told).to_bytes(_LENGTH, "little"), told, *writer.written()))

    @classmethod
    def decode(cls, data: bytes, columns: Sequence[str] = SCHEMA.names) -> Self:
        """The entry that `encode` made these bytes of.

        Args:
            data: The bytes.
            columns: Which columns of its ratings are wanted, in the order of `SCHEMA`; the others
                are not even unpacked.

        Raises:
            ValueError: they are no such bytes; `OSError` and `KeyError` too.
        """
        head, rest = read_head(data)
        ratings = _unpacked(head.columns, Reader(rest), columns)
        return cls(ratings, head.marks, head.refused)

    def steps(self) -> Iterator[Batch | Mark]:
        """The inputs in order: ratings between two marks as one batch, all rejects before them."""
        batch, done = as_batch(self.ratings), 0
        if self.refused:
            rejects = [
                (0, Reject(0, why, b"")) for why, n in self.refused.items() for _ in range(n)
            ]
            yield replace(batch.slice(0, 0), rejects=rejects)
        for mark in self.marks:
            if mark.after > done:
                yield batch.slice(done, mark.after)
                done = mark.after
            yield mark
        if len(batch) > done:
            yield batch.slice(done, len(batch))


class Head(msgspec.Struct, array_like=True, frozen=True):
    """What an entry holds besides its columns, and how these are to be read."""

    marks: tuple[Mark, ...]
    refused: dict[Reason, int]
    columns: dict[str, tuple[Packed, ...]]


_LENGTH = 4
"""Bytes of a number in front of all, which says how long the head is."""


def read_head(data: bytes) -> tuple[Head, pa.Buffer]:
    """The head of an entry, and the bytes of its columns.

    Raises:
        ValueError: these are no bytes of an entry.
    """
    start = _LENGTH + int.from_bytes(data[:_LENGTH], "little")
    try:
        head = msgspec.msgpack.decode(memoryview(data)[_LENGTH:start], type=Head)
    except msgspec.MsgspecError as error:
        raise ValueError(str(error)) from None
    return head, pa.py_buffer(data)[start:]


def _packed(ratings: pa.RecordBatch, writer: Writer) -> dict[str, tuple[Packed, ...]]:
    """Put the columns of `SCHEMA`; returns how each is to be read."""
    numbers = {name: _as_numbers(ratings.column(name)) for name in NUMBERS}
    packed: dict[str, tuple[Packed, ...]] = {}
    for name, values in numbers.items():
        if name in STEPS:
            packed[name] = writer.numbers(values[:1]), writer.numbers(np.diff(values))
        elif name in SINCE:
            packed[name] = (writer.numbers(values - numbers[SINCE[name]]),)
        else:
            packed[name] = (writer.numbers(values),)
    return packed | {name: writer.texts(ratings.column(name)) for name in TEXTS}


def _as_numbers(column: pa.Array) -> NDArray[np.int64]:
    """A column of numbers; `NO_TIME` for null."""
    if column.null_count == len(column):
        return np.full(len(column), NO_TIME, np.int64)
    filled = column.fill_null(NO_TIME) if column.null_count else column
    values: NDArray[np.int64] = filled.to_numpy().astype(np.int64, copy=False)
    return values


def _unpacked(
    packed: Mapping[str, tuple[Packed, ...]], reader: Reader, names: Sequence[str]
) -> pa.RecordBatch:
    """Some of the columns again."""
    columns = [
        reader.texts(*packed[name]) if name in TEXTS else _as_column(name, packed, reader)
        for name in names
    ]
    return pa.record_batch(columns, schema=pa.schema([SCHEMA.field(name) for name in names]))


def _as_column(name: str, packed: Mapping[str, tuple[Packed, ...]], reader: Reader) -> pa.Array:
    return number_column(name, _numbers(name, packed, reader))


def number_column(name: str, values: NDArray[np.int64]) -> pa.Array:
    """One of `NUMBERS` as it stands in the columns of ratings."""
    if name == "met_ms" and len(values):
        missing = values == NO_TIME
        return (
            pa.nulls(len(values), pa.int64()) if missing.all() else pa.array(values, mask=missing)
        )
    kind = NUMBERS[name]
    data = pa.py_buffer(values.astype(kind.to_pandas_dtype(), copy=False))
    return pa.Array.from_buffers(kind, len(values), [None, data])


def _numbers(
    name: str, packed: Mapping[str, tuple[Packed, ...]], reader: Reader
) -> NDArray[np.int64]:
    first, *rest = map(reader.numbers, packed[name])
    if name in STEPS:
        return np.concatenate([first, *rest]).cumsum()
    if name in SINCE:
        first += _numbers(SINCE[name], packed, reader)
    return first


def joined(steps: Iterable[Batch | Mark], ratings: int = 1 << 18) -> Iterator[Batch | Mark]:
    """The same inputs, ratings with no mark between them in batches of about so many.

    Commits of a quarter of a second are small, and the engine takes large batches much faster.
    Rejects come alone and move nothing, so they need not wait for the ratings before them.
    """
    waiting: list[Batch] = []
    for step in steps:
        if isinstance(step, Batch) and not step.rejects:
            waiting.append(step)
            if sum(map(len, waiting)) >= ratings:
                yield Batch.concat(waiting)
                waiting = []
            continue
        if isinstance(step, Mark) and waiting:
            yield Batch.concat(waiting)
            waiting = []
        yield step
    if waiting:
        yield Batch.concat(waiting)


def rating_columns(
    batch: Batch, classes: NDArray[np.uint8], met_ms: NDArray[np.int64] | None = None
) -> pa.RecordBatch:
    """A batch and what became of its ratings as the columns of `SCHEMA`."""
    met = pa.nulls(len(batch), pa.int64())
    if met_ms is not None:
        met = pa.array(met_ms, mask=met_ms == NO_TIME)
    columns = {
        "arrival_ms": pa.array(batch.arrival_ms),
        "partition": pa.array(batch.partition),
        "position": pa.array(batch.position),
        "stars": pa.array(batch.stars),
        "event_ms": pa.array(batch.event_ms),
        "class": pa.array(classes),
        "met_ms": met,
        "product": batch.product,
        "reviewer": batch.reviewer,
        "rating_id": batch.rating_id if batch.rating_id is not None else empty_texts(len(batch)),
    }
    return pa.record_batch([columns[name] for name in SCHEMA.names], schema=SCHEMA)


def as_batch(ratings: pa.RecordBatch) -> Batch:
    """Journalled ratings as the engine takes them."""
    numbers = {
        name: ratings.column(name).to_numpy(zero_copy_only=False)
        for name in NUMBERS
        if name not in {"class", "met_ms"}
    }
    found = Found(
        _as_numbers(ratings.column("met_ms")),
        ratings.column("class").to_numpy() == _DUPLICATE,
    )
    return Batch(**numbers, **{name: ratings.column(name) for name in TEXTS}, found=found)
