"""From columns as they were read to ratings and rejects: the step that all formats share."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from starwatch.codecs.stars import GOOD, REASONS, star_columns, verdict
from starwatch.codecs.times import BAD
from starwatch.ratings.batch import MAX_ID_BYTES, NO_TIME, Decoded
from starwatch.ratings.rejects import RAW_LIMIT, Reason, Reject
from starwatch.ratings.scale import Scale

RawOf = Callable[[Sequence[int]], Sequence[bytes]]
"""Gives the received bytes of these rows of a block; asked for rejects only."""


@dataclass(frozen=True, slots=True)
class Read:
    """Columns of one length as a format reads them, before anything was checked.

    Attributes:
        product: Arrow `binary` or `string`; null is missing.
        reviewer: The same, or None where there is none.
        rating_id: The same, or None where there is none.
        steps: uint8; the step of each rating's stars, anything where `verdicts` is not `GOOD`.
        verdicts: uint8; `GOOD` or the place of a reason in `REASONS`.
        event_ms: int64; `NO_TIME` and `BAD` among them. None where there is no time.
    """

    product: pa.Array
    reviewer: pa.Array | None
    rating_id: pa.Array | None
    steps: NDArray[np.uint8]
    verdicts: NDArray[np.uint8]
    event_ms: NDArray[np.int64] | None


def star_steps(column: pa.DictionaryArray, scale: Scale) -> tuple[NDArray[np.uint8], ...]:
    """Steps and verdicts of a dictionary-encoded column of texts, by distinct text."""
    steps, verdicts = star_columns([*column.dictionary.to_pylist(), None], scale)
    places = column.indices
    if places.null_count:
        places = places.fill_null(len(steps) - 1)
    index = places.to_numpy(zero_copy_only=False)
    return steps[index], verdicts[index]


def assemble(
    read: Read, positions: NDArray[np.int64], raw_of: RawOf, *, time_needed: bool = False
) -> Decoded:
    """Check every row, keep the ratings as columns and the rest as rejects.

    Where several things are wrong with a row, the first of these is its reason: unreadable bytes,
    no product, stars, time, an id over 512 bytes.

    Args:
        read: The columns.
        positions: int64; the slot of each row.
        raw_of: Gives what a reject looked like.
        time_needed: Whether a rating without an event time is rejected.
    """
    verdicts = read.verdicts.copy()
    product, broken = _ids(read.product)
    reviewer, broken_reviewer = _ids(read.reviewer) if read.reviewer is not None else (None, None)
    rating_id, broken_id = _ids(read.rating_id) if read.rating_id is not None else (None, None)
    event_ms = np.full(len(product), NO_TIME) if read.event_ms is None else read.event_ms
    _mark_where(verdicts, event_ms == BAD, Reason.BAD_TIME)
    if time_needed:
        _mark_where(verdicts, event_ms == NO_TIME, Reason.MISSING_TIME)
    _mark_long(verdicts, [product, reviewer, rating_id])
    lengths = pc.binary_length(product)
    if len(product) and pc.min(lengths).as_py() == 0:
        unread = verdicts == verdict(Reason.UNREADABLE)
        verdicts[(np.asarray(lengths) == 0) & ~unread] = verdict(Reason.MISSING_PRODUCT)
    for mask in (broken, broken_reviewer, broken_id):
        if mask is not None:
            verdicts[mask] = verdict(Reason.UNREADABLE)
    if reviewer is None:
        reviewer = empty_texts(len(product))
    whole = Decoded(positions, product, reviewer, read.steps, event_ms, rating_id)
    good = verdicts == GOOD
    return whole if good.all() else _parted(whole, good, verdicts, raw_of)


def empty_texts(length: int) -> pa.Array:
    """A `string` column of empty texts."""
    return pa.StringArray.from_buffers(
        length, pa.py_buffer(np.zeros(length + 1, np.int32)), pa.py_buffer(b"")
    )


def nothing() -> Decoded:
    """A block without a rating."""
    empty = np.empty(0, np.int64)
    texts = pa.array([], pa.string())
    return Decoded(empty, texts, texts, np.empty(0, np.uint8), empty)


def _ids(column: pa.Array) -> tuple[pa.Array, NDArray[np.bool_] | None]:
    """A column of ids as `string`, and which of them are not valid UTF-8 (None: all are)."""
    if column.null_count:
        column = column.fill_null(b"" if pa.types.is_binary(column.type) else "")
    if pa.types.is_string(column.type):
        return column, None
    try:
        return pc.cast(column, pa.string()), None
    except pa.ArrowInvalid:
        texts = [_text(value) for value in column.to_pylist()]
        broken = np.array([text is None for text in texts], dtype=bool)
        return pa.array([text or "" for text in texts], pa.string()), broken


def _text(value: bytes) -> str | None:
    try:
        return value.decode()
    except UnicodeDecodeError:
        return None


def _mark_where(verdicts: NDArray[np.uint8], mask: NDArray[np.bool_], reason: Reason) -> None:
    verdicts[mask & (verdicts == GOOD)] = verdict(reason)


def _mark_long(verdicts: NDArray[np.uint8], columns: Sequence[pa.Array | None]) -> None:
    for column in columns:
        if column is None or not len(column):
            continue
        lengths = pc.binary_length(column)
        if pc.max(lengths).as_py() > MAX_ID_BYTES:
            _mark_where(verdicts, np.asarray(lengths) > MAX_ID_BYTES, Reason.ID_TOO_LONG)


def _parted(
    whole: Decoded, good: NDArray[np.bool_], verdicts: NDArray[np.uint8], raw_of: RawOf
) -> Decoded:
    bad = np.flatnonzero(~good)
    raws = raw_of(bad.tolist())
    rejects = tuple(
        Reject(position, REASONS[reason], raw[:RAW_LIMIT])
        for position, reason, raw in zip(
            whole.position[bad].tolist(), verdicts[bad].tolist(), raws, strict=True
        )
    )
    mask = pa.array(good)
    return Decoded(
        position=whole.position[good],
        product=whole.product.filter(mask),
        reviewer=whole.reviewer.filter(mask),
        stars=whole.stars[good],
        event_ms=whole.event_ms[good],
        rating_id=None if whole.rating_id is None else whole.rating_id.filter(mask),
        rejects=rejects,
    )
