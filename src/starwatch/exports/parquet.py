"""Windows as Parquet: the columns of `--output parquet:`, without the revision."""

from collections.abc import Iterable

import pyarrow as pa
import pyarrow.parquet as pq

from starwatch.exports.about import About
from starwatch.exports.whole import whole_file
from starwatch.sinks import tables

BATCH_ROWS = 1 << 17
"""Rows of a row group."""


def write_parquet(target: str, about: About, batches: Iterable[pa.RecordBatch]) -> int:
    """Write windows to a file, a row group a batch; returns how many rows.

    What they are stands in the metadata of the file, under names that begin with `starwatch.`.

    Raises:
        BadSetting: the target cannot be opened.
        OutputFailed: it cannot be written.
    """
    facts = {f"starwatch.{name}": value for name, value in about.facts().items()}
    schema = _schema(about).with_metadata(facts)
    number = 0
    with (
        whole_file(target) as path,
        pq.ParquetWriter(path, schema, compression="zstd") as file,
    ):
        for batch in batches:
            file.write_table(_table(batch, about, schema), row_group_size=BATCH_ROWS)
            number += len(batch)
    return number


def _schema(about: About) -> pa.Schema:
    fields = [field for field in tables.schema(about.scale) if field.name != "revision"]
    if about.names:
        fields += [pa.field("name", pa.string()), pa.field("category", pa.string())]
    return pa.schema(fields)


def _table(batch: pa.RecordBatch, about: About, schema: pa.Schema) -> pa.Table:
    labels = pa.array(about.windows, pa.string())
    columns = [
        pa.DictionaryArray.from_arrays(batch["spec"].cast(pa.int32()), labels),
        batch["product"].dictionary_encode(),
        batch["start_ms"],
        batch["end_ms"],
        batch["count"],
        *(batch[f"s{step}"] for step in range(about.scale.steps)),
        batch["mean"],
        *([batch["name"], batch["category"]] if about.names else []),
    ]
    return pa.table(
        [column.cast(field.type) for column, field in zip(columns, schema, strict=True)],
        schema=schema,
    )
