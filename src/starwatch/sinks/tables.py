"""Rows as Arrow tables, with the types that they have in Parquet."""

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from starwatch.ports import RowContext
from starwatch.ratings.scale import Scale, star_names
from starwatch.sinks.texts import MEAN_DIGITS, mean_decimals, sizes_ms
from starwatch.windows.rows import WindowRows

_NAMED = pa.dictionary(pa.int32(), pa.string())
_MOMENT = pa.timestamp("ms", tz="UTC")


def schema(scale: Scale) -> pa.Schema:
    """The columns of the file: one integer column for each star value among them."""
    return pa.schema(
        [
            ("window", _NAMED),
            ("product", _NAMED),
            ("start", _MOMENT),
            ("end", _MOMENT),
            ("count", pa.int64()),
            *((name, pa.int64()) for name in star_names(scale)),
            ("mean", pa.decimal128(18, MEAN_DIGITS)),
            ("revision", pa.int32()),
        ]
    )


def table(rows: WindowRows, context: RowContext) -> pa.Table:
    """The rows as an Arrow table of that schema."""
    job, products = context.job, context.products
    labels = np.array([window.label for window in job.windows], np.object_)
    codes, product = np.unique(rows.product, return_inverse=True)
    stars = rows.stars.astype(np.int64)
    columns = [
        _named(rows.spec, pa.array(labels, pa.string())),
        _named(product, products.take(codes)),
        _moments(rows.end_ms - sizes_ms(job)[rows.spec]),
        _moments(rows.end_ms),
        pa.array(rows.count),
        *(pa.array(np.ascontiguousarray(stars[:, step])) for step in range(stars.shape[1])),
        mean_decimals(rows, job.scale),
        pa.array(rows.revision),
    ]
    return pa.table(columns, schema=schema(job.scale))


def _named(codes: NDArray[np.integer], names: pa.Array) -> pa.Array:
    return pa.DictionaryArray.from_arrays(pa.array(codes.astype(np.int32)), names)


def _moments(ms: NDArray[np.int64]) -> pa.Array:
    return pa.array(ms).cast(_MOMENT)
