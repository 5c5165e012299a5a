"""When ratings are written: a Poisson process, flat or with the rhythm of a day.

With the rhythm the rate is 1 + 0.6 cos(2π(t - peak) / day) times a constant: four times as much at
the peak, 20:00 UTC, as twelve hours off it. Over the span, or over a day where there is no end, the
mean is exactly the asked rate: the constant sees to that.
"""

from dataclasses import dataclass
from math import pi, sin

import numpy as np
from numpy.typing import NDArray

from starwatch.generator.options import ShopOptions

_DAY_MS = 86_400_000
_PEAK_MS = 20 * 3_600_000
_SWING = 0.6
_KNOTS = 97  # straight lines of a quarter of an hour in the longest block, a day


@dataclass(frozen=True, slots=True)
class Rhythm:
    """The expected number of ratings over time.

    Args:
        options: Of the shop: rate, start, span and whether there is a rhythm.
    """

    options: ShopOptions

    def expected(self, start_ms: int, end_ms: int) -> float:
        """The mean number of ratings in [start_ms, end_ms), counted from the opening."""
        return (self._integral(end_ms) - self._integral(start_ms)) * self._per_ms()

    def place(self, start_ms: int, end_ms: int, random: NDArray[np.float64]) -> NDArray[np.int64]:
        """Times in [start_ms, end_ms), from the opening, for even numbers in [0, 1)."""
        if not self.options.has_rhythm:
            return start_ms + (random * (end_ms - start_ms)).astype(np.int64)
        knots = np.linspace(start_ms, end_ms, _KNOTS)
        sums = np.array([self._integral(knot) for knot in knots])
        times = np.interp(random, (sums - sums[0]) / (sums[-1] - sums[0]), knots)
        return np.clip(times.astype(np.int64), start_ms, end_ms - 1)

    def _per_ms(self) -> float:
        span = self.options.span_ms
        whole = 1.0 if span is None else span / self._integral(span)
        return whole * self.options.rate / 1000

    def _integral(self, at_ms: float) -> float:
        """Milliseconds since the opening, weighted with the rhythm."""
        if not self.options.has_rhythm:
            return float(at_ms)
        turn = 2 * pi / _DAY_MS
        phase = (self.options.start_ms - _PEAK_MS) % _DAY_MS
        return at_ms + _SWING / turn * (sin(turn * (phase + at_ms)) - sin(turn * phase))
