"""The reference's log: `(product`, a new line, `,mean)` (`--output log` and `log-exact`).

The reference system (elalfredoignacio/Real_time_ratings_monitoring, 2021) printed each tuple of its
windows in this form and cut its means to integers towards zero, so that 3.8 was logged as 3. `log`
does the same, to be compared with its files; `log-exact` prints the true mean in the same form.
Neither says which window a row belongs to, and a product id stands as it is, whatever it holds.
"""

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from starwatch.ports import Cursor, RowContext
from starwatch.ratings.means import mean_fractions, truncated_means
from starwatch.ratings.scale import Scale
from starwatch.sinks.files import TextSink
from starwatch.sinks.texts import MEAN_DIGITS, as_bytes, integers, joined, mean_texts
from starwatch.windows.rows import WindowRows


def open_sink(
    target: str, context: RowContext, *, name: str = "log", cursor: Cursor | None = None
) -> TextSink:
    """Open a log with the reference's truncated means, anew or at a cursor; see `TextSink`."""
    return TextSink(target, context, format_rows, name=name, cursor=cursor)


def open_exact(
    target: str, context: RowContext, *, name: str = "log-exact", cursor: Cursor | None = None
) -> TextSink:
    """Open a log with the true means, anew or at a cursor; see `TextSink`."""
    return TextSink(target, context, format_exact, name=name, cursor=cursor)


def format_rows(rows: WindowRows, context: RowContext) -> bytes:
    """Both lines of each row, the mean cut to an integer towards zero."""
    return _tuples(rows, context, integers(truncated_means(rows.stars, context.job.scale)))


def format_exact(rows: WindowRows, context: RowContext) -> bytes:
    """Both lines of each row with its true mean, as `exact_means` prints it."""
    return _tuples(rows, context, exact_means(rows, context.job.scale))


def exact_means(rows: WindowRows, scale: Scale) -> pa.Array:
    """The means, as short as they are exact: `5`, `4.5`, `4.125`.

    A mean that needs more than six decimals has exactly six, rounded half to even: `3.666667`.
    """
    numerator, denominator = mean_fractions(rows.stars, scale, multiplier=10**MEAN_DIGITS)
    exact = pa.array((numerator % denominator == 0).astype(np.bool_))
    texts = mean_texts(rows, scale)
    short = pc.ascii_rtrim(pc.ascii_rtrim(texts, "0"), ".")
    return pc.if_else(exact, short, texts)


def _tuples(rows: WindowRows, context: RowContext, means: pa.Array) -> bytes:
    return as_bytes(joined("(", context.products.take(rows.product), "\n,", means, ")\n"))
