"""Windows as CSV: the columns of `--output csv:`, without the revision."""

from collections.abc import Iterable
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from starwatch.exports.about import About
from starwatch.exports.whole import whole_file
from starwatch.ratings.scale import star_names
from starwatch.sinks.csv import quoted
from starwatch.sinks.files import ByteTarget
from starwatch.sinks.registry import STDOUT
from starwatch.sinks.texts import as_bytes, joined, joined_by, moments

BATCH_ROWS = 32_768


def write_csv(target: str, about: About, batches: Iterable[pa.RecordBatch]) -> int:
    """Write windows to a file or standard output; returns how many rows.

    Args:
        target: A path, or `-`.
        about: What they are.
        batches: The rows as `recompute.drawing` has them.

    Raises:
        BadSetting: the target cannot be opened.
        OutputFailed: it cannot be written.
    """
    if target == STDOUT:
        return _write(target, about, batches)
    with whole_file(target) as path:
        return _write(str(path), about, batches)


def _write(target: str, about: About, batches: Iterable[pa.RecordBatch]) -> int:
    names = ["window", "product", "start", "end", "count", *star_names(about.scale), "mean"]
    names += ["name", "category"] if about.names else []
    number, out = 0, ByteTarget(target)
    try:
        out.write((",".join(names) + "\n").encode())
        for batch in batches:
            out.write(as_bytes(_lines(batch, about)))
            number += len(batch)
    finally:
        out.close()
    return number


def _lines(batch: pa.RecordBatch, about: About) -> pa.Array:
    """One line a row with its line feed."""
    counts = [batch["count"], *(batch[f"s{step}"] for step in range(about.scale.steps))]
    texts = [each.cast(pa.string()) for each in (*counts, batch["mean"])]
    if about.names:
        texts += [quoted(batch[name].fill_null("")) for name in ("name", "category")]
    columns = [
        pa.array(about.windows).take(batch["spec"]),
        quoted(batch["product"]),
        _moments(batch["start_ms"]),
        _moments(batch["end_ms"]),
        *texts,
    ]
    return joined(joined_by(",", columns), "\n")


def _moments(ms: Any) -> pa.Array:
    """Moments as text; rows of the same moment stand together, and there are few of them."""
    distinct = pc.dictionary_encode(ms)
    return moments(distinct.dictionary.to_numpy().astype(np.int64)).take(distinct.indices)
