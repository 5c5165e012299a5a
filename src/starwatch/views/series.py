"""Windows of one product put together from its panes: what a chart shows."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from starwatch.ratings.batch import NO_TIME
from starwatch.views.blocks import Block
from starwatch.windows.spec import WindowSpec

MOST_POINTS = 1_500
"""Points of a series at most: more than a chart has pixels."""


@dataclass(frozen=True, slots=True)
class Points:
    """Windows of one product that hold a rating, by rising end; columns of one length n.

    Attributes:
        end_ms: int64; where each window ends.
        stars: int64, shape (n, steps); the histograms.
        corrected: bool; whether ratings came after the window was gone: they are in its complete
            histogram, and not in the emitted one.
    """

    end_ms: NDArray[np.int64]
    stars: NDArray[np.int64]
    corrected: NDArray[np.bool_]


def stride(first: int, last: int) -> int:
    """Every how manieth window is a point, so that a range of windows has not too many."""
    return max(-(-(last - first + 1) // MOST_POINTS), 1)


def points(  # noqa: PLR0913
    panes: Block,
    spec: WindowSpec,
    numbers: tuple[int, int],
    *,
    every: int = 1,
    lateness_ms: int = 0,
    emitted: bool,
) -> Points:
    """The windows of one product.

    Args:
        panes: Its panes, which divide size, slide and offset; a key may come repeatedly.
        spec: The windows.
        numbers: The first window and the last one (`WindowSpec.end_ms`).
        every: Only windows whose number is a multiple of this.
        lateness_ms: How long a closed window took corrections.
        emitted: Leave out what came after a window was gone.
    """
    lowest, highest = -(-numbers[0] // every), numbers[1] // every
    length = max(highest - lowest + 1, 0)
    first = (panes.start_ms - spec.offset_ms) // spec.slide_ms + 1
    last = first + (spec.panes - 1)
    gone = first - 1
    late = panes.met_ms != NO_TIME
    gone[late] = (panes.met_ms[late] - lateness_ms - spec.offset_ms) // spec.slide_ms
    entered = np.maximum(first, gone + 1)
    stars = _levels(panes.stars, entered if emitted else first, last, every, lowest, length)
    behind = _levels(
        panes.stars.sum(axis=1, dtype=np.int64)[:, None][late],
        first[late],
        np.minimum(last, gone)[late],
        every,
        lowest,
        length,
    )
    some = np.flatnonzero(stars.sum(axis=1))
    return Points(
        spec.offset_ms + (lowest + some) * every * spec.slide_ms,
        stars[some],
        behind[some, 0] > 0,
    )


def _levels(  # noqa: PLR0913, PLR0917
    counts: NDArray[np.integer],
    first: NDArray[np.int64],
    last: NDArray[np.int64],
    every: int,
    lowest: int,
    length: int,
) -> NDArray[np.int64]:
    """What each point holds of counts that lie in the windows from `first` up to `last`.

    Args:
        counts: Shape (n, columns).
        first: int64, shape (n,).
        last: int64, shape (n,).
        every: Every how manieth window is a point.
        lowest: The number of the first point, in strides.
        length: How many points.

    Returns:
        int64, shape (length, columns).
    """
    enter = np.maximum(-(-first // every) - lowest, 0)
    leave = np.minimum(last // every - lowest + 1, length)
    inside = enter < leave
    enter, leave, counts = enter[inside], leave[inside], counts[inside].astype(np.int64)
    changes = np.zeros((length + 1, counts.shape[1]), np.int64)
    np.add.at(changes, enter, counts)
    np.subtract.at(changes, leave, counts)
    return np.cumsum(changes[:length], axis=0)
