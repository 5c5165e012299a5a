"""Says in one line that memory or disk do not suffice for a recomputation."""

from collections.abc import Iterator
from contextlib import contextmanager

import duckdb

from starwatch.errors import RunError


@contextmanager
def enough_memory() -> Iterator[None]:
    """What DuckDB says when it has not enough room, as an error of ours.

    Raises:
        RunError: memory, and the disk where the rest goes, do not suffice.
    """
    try:
        yield
    except duckdb.OutOfMemoryException:
        raise RunError(
            "there is not enough memory to recompute all windows",
            hint="Give more by --memory, or a folder with room by --scratch",
        ) from None
