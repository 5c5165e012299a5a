"""Arrow tables (Parquet) to ratings: columns of any sensible type."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import msgspec
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from starwatch.codecs.columns import Read, assemble, star_steps
from starwatch.codecs.fields import Layout, named_layout
from starwatch.codecs.options import InputOptions
from starwatch.codecs.times import TimeReader
from starwatch.errors import BadSetting
from starwatch.ratings.batch import Decoded
from starwatch.ratings.scale import Scale


class TableDecoder:
    """Decodes record batches of one schema.

    Ids are texts, binaries or whole numbers (a float that is whole counts as one, as pandas makes
    them); stars and times any number, text, decimal, date or timestamp; each may be a dictionary.

    Args:
        schema: The schema of the table.
        options: What the user said about it.
        scale: The scale of its stars.
        where: The name of the input, for errors.

    Raises:
        UnknownColumn: a field is not among the columns.
        BadSetting: a column of this type cannot hold its field.
    """

    def __init__(
        self, schema: pa.Schema, options: InputOptions, scale: Scale, where: str = "the input"
    ) -> None:
        self.layout: Layout = named_layout(schema.names, options.columns, where)
        self._scale = scale
        self._times = TimeReader(options.time_unit, options.zone)
        self._time_needed = options.time_needed
        for field, place in self.layout.places.items():
            kind = schema.field(place).type
            if not _holds(field, kind):
                raise BadSetting(
                    f"the column {schema.names[place]} of {where} is {kind}, no {field}",
                    hint=f"Name another column, as --column {field}=NAME",
                )

    @property
    def columns(self) -> list[str]:
        """The names of the columns that are needed."""
        return list(self.layout.found().values())

    def decode(self, batch: pa.RecordBatch, *, first: int) -> Decoded:
        """Decode a batch that holds at least the needed columns; each row takes a slot.

        Args:
            batch: The rows.
            first: The slot of the first one.
        """
        found = self.layout.found()

        def ids(field: str) -> pa.Array | None:
            return id_texts(batch.column(found[field])) if field in found else None

        steps, verdicts = star_steps(_star_texts(batch.column(found["stars"])), self._scale)
        read = Read(
            product=ids("product"),
            reviewer=ids("reviewer"),
            rating_id=ids("id"),
            steps=steps,
            verdicts=verdicts,
            event_ms=self._times.arrow(batch.column(found["time"])) if "time" in found else None,
        )

        def raw_of(rows: Sequence[int]) -> list[bytes]:
            return [_as_json(batch.slice(row, 1).to_pylist()[0]) for row in rows]

        positions = np.arange(first, first + len(batch), dtype=np.int64)
        decoded = assemble(read, positions, raw_of, time_needed=self._time_needed)
        return replace(decoded, slots=len(batch))


def _holds(field: str, kind: pa.DataType) -> bool:
    if pa.types.is_dictionary(kind):
        kind = kind.value_type
    text = pa.types.is_string(kind) or pa.types.is_large_string(kind)
    text = text or pa.types.is_string_view(kind) or pa.types.is_null(kind)
    number = pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_decimal(kind)
    moment = pa.types.is_timestamp(kind) or pa.types.is_date(kind)
    binary = pa.types.is_binary(kind) or pa.types.is_large_binary(kind)
    return text or number or (moment if field == "time" else binary and field != "stars")


def _plain(column: pa.Array) -> pa.Array:
    """Without a dictionary, and with NaN as what it means: nothing."""
    if isinstance(column, pa.DictionaryArray):
        column = column.dictionary_decode()
    if pa.types.is_floating(column.type):
        column = pc.if_else(pc.is_nan(column), pa.scalar(None, column.type), column)
    return column


def id_texts(column: pa.Array) -> pa.Array:
    """A column of ids of any sensible type as `string`, or `binary` where it holds bytes."""
    column = _plain(column)
    kind = column.type
    if pa.types.is_large_binary(kind) or pa.types.is_binary(kind):
        return pc.cast(column, pa.binary())
    if pa.types.is_floating(kind):
        whole = pc.and_(pc.equal(column, pc.floor(column)), pc.less(pc.abs(column), 2.0**53))
        numbers = pc.cast(pc.if_else(whole, column, pa.scalar(None, kind)), pa.int64())
        return pc.coalesce(pc.cast(numbers, pa.string()), pc.cast(column, pa.string()))
    return pc.cast(column, pa.string())


def _star_texts(column: pa.Array) -> pa.DictionaryArray:
    """The texts of a column of stars, each distinct value written once."""
    distinct = _plain(column).dictionary_encode()
    texts = pc.cast(distinct.dictionary, pa.string())
    return pa.DictionaryArray.from_arrays(distinct.indices, texts, safe=False)


def _as_json(row: dict[str, Any]) -> bytes:
    """The received bytes of a row are packed columns; this says the same to a reader."""
    return msgspec.json.encode(row, enc_hook=str)
