"""Window rows as bytes, for the outbox."""

import numpy as np
import pyarrow as pa

from starwatch.windows.rows import WindowRows

_OPTIONS = pa.ipc.IpcWriteOptions(compression="lz4")


def encode_rows(rows: WindowRows) -> bytes:
    """Rows as an Arrow IPC stream; products stay codes, which the journal gives again."""
    columns = {
        "spec": pa.array(rows.spec),
        "product": pa.array(rows.product),
        "end_ms": pa.array(rows.end_ms),
        "revision": pa.array(rows.revision),
    }
    for step in range(rows.stars.shape[1]):
        columns[f"stars_{step}"] = pa.array(np.ascontiguousarray(rows.stars[:, step]))
    batch = pa.record_batch(columns)
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, batch.schema, options=_OPTIONS) as writer:
        writer.write_batch(batch)
    data: bytes = sink.getvalue().to_pybytes()
    return data


def decode_rows(data: bytes) -> WindowRows:
    """The rows that `encode_rows` made these bytes of."""
    with pa.ipc.open_stream(pa.BufferReader(data)) as reader:
        batch = reader.read_next_batch()
    steps = [
        column
        for name, column in zip(batch.schema.names, batch.columns, strict=True)
        if name.startswith("stars_")
    ]
    return WindowRows(
        spec=batch.column("spec").to_numpy(),
        product=batch.column("product").to_numpy(),
        end_ms=batch.column("end_ms").to_numpy(),
        stars=np.stack([step.to_numpy() for step in steps]).T,
        revision=batch.column("revision").to_numpy(),
    )
