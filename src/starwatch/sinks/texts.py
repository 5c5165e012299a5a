"""Columns of rows as columns of text: the parts that every text format is joined from.

All of it is done by Arrow, a column at a time: no row becomes a Python object.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from starwatch.ratings.means import rounded_means
from starwatch.ratings.scale import Scale
from starwatch.windows.job import Job
from starwatch.windows.rows import WindowRows

MEAN_DIGITS = 6
"""Decimals of a mean in every format."""


def joined(*parts: pa.Array | str) -> pa.Array:
    """Each row's parts as one text; a plain string is the same in every row."""
    columns = [pa.scalar(part) if isinstance(part, str) else part for part in parts]
    return pc.binary_join_element_wise(*columns, "")


def joined_by(separator: str, columns: list[pa.Array]) -> pa.Array:
    """Each row's columns as one text with the separator between them."""
    return pc.binary_join_element_wise(*columns, separator)


def as_bytes(texts: pa.Array) -> bytes:
    """All texts, one after the other, as UTF-8."""
    offset, length = texts.offset, len(texts)
    _, offsets, data = texts.buffers()
    if length == 0 or data is None:
        return b""
    bounds = np.frombuffer(offsets, np.int32)
    return bytes(memoryview(data)[bounds[offset] : bounds[offset + length]])


def integers(column: NDArray[np.integer]) -> pa.Array:
    """Integers as text."""
    return pa.array(np.ascontiguousarray(column)).cast(pa.string())


def star_texts(rows: WindowRows) -> list[pa.Array]:
    """The counts of each step as text: one column a step."""
    return [integers(rows.stars[:, step]) for step in range(rows.stars.shape[1])]


def mean_decimals(rows: WindowRows, scale: Scale) -> pa.Array:
    """The exact means, rounded half to even, as decimal128 with six decimals."""
    scaled = rounded_means(rows.stars, scale, MEAN_DIGITS).astype(np.int64)
    whole = pa.array(scaled).cast(pa.decimal128(19, 0))
    # The same 128 bits, read with six decimals: no value is touched.
    return pa.Array.from_buffers(pa.decimal128(18, MEAN_DIGITS), len(whole), whole.buffers())


def mean_texts(rows: WindowRows, scale: Scale) -> pa.Array:
    """The exact means with six decimals, rounded half to even: `4.125000`."""
    return mean_decimals(rows, scale).cast(pa.string())


def moments(ms: NDArray[np.int64]) -> pa.Array:
    """Epoch milliseconds as ISO 8601 UTC: `2021-06-01T00:00:03.000Z`."""
    # Without a zone, for Windows has no zone database; Arrow's text then lacks only T and Z.
    texts = pa.array(ms).cast(pa.timestamp("ms")).cast(pa.string())
    return joined(pc.replace_substring(texts, " ", "T", max_replacements=1), "Z")


def escaped(ids: pa.Array, special: bytes, escape: Callable[[str], str]) -> pa.Array:
    """Product ids, those that hold a special byte replaced by `escape` of them.

    Args:
        ids: Arrow `string`, no nulls.
        special: The bytes, all below 128, that call for it.
        escape: From an id to the text that stands for it.
    """
    data = ids.buffers()[2]
    is_special = np.zeros(256, np.bool_)
    is_special[list(special)] = True
    if data is None or not is_special[np.frombuffer(data, np.uint8)].any():
        return ids
    marks = set(special.decode())
    distinct = ids.dictionary_encode()
    texts = [t if marks.isdisjoint(t) else escape(t) for t in distinct.dictionary.to_pylist()]
    return pa.array(texts, pa.string()).take(distinct.indices)


@dataclass(frozen=True, slots=True)
class Windows:
    """The windows of rows as text, made once for each run of rows with the same window.

    Attributes:
        label: The spec of each run, such as `30s/5s`.
        start: Its start, ISO 8601.
        end: Its end, ISO 8601.
        run: The run of each row.
    """

    label: pa.Array
    start: pa.Array
    end: pa.Array
    run: pa.Array

    @classmethod
    def of(cls, rows: WindowRows, job: Job) -> "Windows":
        """The windows of these rows."""
        changes = np.ones(len(rows), np.bool_)
        changes[1:] = (np.diff(rows.end_ms) != 0) | (np.diff(rows.spec) != 0)
        spec, end_ms = rows.spec[changes], rows.end_ms[changes]
        return cls(
            label=pa.array([w.label for w in job.windows]).take(pa.array(spec)),
            start=moments(end_ms - sizes_ms(job)[spec]),
            end=moments(end_ms),
            run=pa.array(np.cumsum(changes) - 1),
        )

    def spread(self, *parts: pa.Array | str) -> pa.Array:
        """For each row, the joined parts of its run."""
        return joined(*parts).take(self.run)


def sizes_ms(job: Job) -> NDArray[np.int64]:
    """The size of each of the job's windows, by spec."""
    return np.array([w.size_ms for w in job.windows], np.int64)
