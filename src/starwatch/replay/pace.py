"""How fast files are played, and which virtual arrival that gives each row."""

from dataclasses import dataclass
from enum import StrEnum
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

from starwatch.errors import BadSetting

_SAFE = 1 << 62


class Order(StrEnum):
    """In which order rows of files come that are played by their event times."""

    TIME = "time"
    FILE = "file"


@dataclass(frozen=True, slots=True)
class ByRow:
    """A fixed time between two rows: row i of each file arrives at `t0 + i * interval`.

    Attributes:
        interval_ms: Exact milliseconds, above zero.
    """

    interval_ms: Fraction = Fraction(1000)

    def __post_init__(self) -> None:
        """Refuse a pace that stands still."""
        if self.interval_ms <= 0:
            raise BadSetting("the time between two rows is not above zero", hint="Use --every 1s")

    def offsets_ms(self, rows: NDArray[np.int64]) -> NDArray[np.int64]:
        """Whole milliseconds from t0 to the arrival of these rows, rounded down."""
        return scaled(rows, self.interval_ms)


@dataclass(frozen=True, slots=True)
class ByTime:
    """The distances of the event times, divided by a speed.

    Attributes:
        speed: How many times faster than it happened, above zero.
        order: Sorted by event time, or each file as it lies.
    """

    speed: Fraction = Fraction(1)
    order: Order = Order.TIME

    def __post_init__(self) -> None:
        """Refuse a speed that stands still."""
        if self.speed <= 0:
            raise BadSetting("the speed is not above zero", hint="Use --speed 10x")

    def offsets_ms(self, times: NDArray[np.int64]) -> NDArray[np.int64]:
        """Whole milliseconds from t0 for these distances from the earliest event time."""
        return scaled(times, 1 / self.speed)


Pace = ByRow | ByTime


def scaled(values: NDArray[np.int64], factor: Fraction) -> NDArray[np.int64]:
    """Non-negative integers times an exact factor, rounded down; exact at any size.

    Raises:
        BadSetting: the result is beyond all times.
    """
    if not len(values) or factor == 1:
        return values
    if max(int(values.max()) * factor.numerator, *factor.as_integer_ratio()) < _SAFE:
        return values * factor.numerator // factor.denominator
    exact = values.astype(object) * factor.numerator // factor.denominator
    if int(exact.max()) > _SAFE:
        raise BadSetting("at this pace the replay never ends", hint="Play it faster")
    return exact.astype(np.int64)


@dataclass(frozen=True, slots=True)
class ReplayOptions:
    """How files become a timeline.

    Attributes:
        pace: By row or by event time.
        start_ms: t0, the virtual arrival of the first row.
        slide_ms: The largest slide of the job, for the gap between two laps.
        loop: Whether to begin again at the end, for ever.
        limit: Ratings and rejects at most, over all files and laps; None: all.
        batch_rows: Ratings a batch at most. Rows of windows never depend on it.
    """

    pace: Pace
    start_ms: int
    slide_ms: int
    loop: bool = False
    limit: int | None = None
    batch_rows: int = 1 << 18

    def __post_init__(self) -> None:
        """Refuse numbers below one."""
        if self.batch_rows < 1:
            raise BadSetting("a batch holds less than one row", hint="Use --batch-size 1 or more")
        if self.limit is not None and self.limit < 1:
            raise BadSetting("the limit is below one", hint="Use --limit 1 or more")
