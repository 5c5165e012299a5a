"""Columns of numbers as JSON has them: what is unknown is null."""

from typing import Any

import numpy as np
from numpy.typing import NDArray


def floats(column: NDArray[np.floating]) -> list[float | None]:
    """Numbers, null where there is none.

    >>> floats(np.array([1.5, np.nan]))
    [1.5, None]
    """
    return [None if value != value else value for value in column.tolist()]  # noqa: PLR0124 - nan


def rows_of_floats(rows: NDArray[np.floating]) -> list[list[float | None]]:
    """The same for each row."""
    return [floats(row) for row in rows]


def known(column: NDArray[np.integer], none: int) -> list[int | None]:
    """Whole numbers, null where they are `none`."""
    return [None if value == none else value for value in column.tolist()]


def histogram(stars: NDArray[np.integer], mean: float | None) -> dict[str, Any]:
    """One histogram with its count and mean."""
    return {"stars": stars.tolist(), "count": int(stars.sum()), "mean": mean}
