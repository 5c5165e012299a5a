"""Things that happen to a product, with the truth about them in labels.

Time is cut into slots of one length, each with one incident, so that incidents never overlap and
an endless shop needs no memory of them. The kinds take turns.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from starwatch.generator.options import ShopOptions
from starwatch.generator.streams import Concern, stream

_ENOUGH = 12  # ratings of its own that a declining product has during the decline
_WELL_KNOWN = 200
_HOUR_MS = 3_600_000


class Kind(StrEnum):
    """What happens; the order is that of the turns."""

    DECLINE = "decline"
    BOMBING = "bombing"
    BOOST = "boost"
    POPULARITY = "popularity"


@dataclass(frozen=True, slots=True)
class Incident:
    """One thing that happens to one product.

    Attributes:
        index: Which one it is, from 0 by time.
        kind: What happens.
        product: Row of the catalogue.
        start_ms: When it begins, in milliseconds from the opening.
        end_ms: When it is over, likewise; the first moment that is as usual again.
        extra_rate: Ratings a second on top of the product's usual ones.
        usual_rate: The product's usual ratings a second, on average.
    """

    index: int
    kind: Kind
    product: int
    start_ms: int
    end_ms: int
    extra_rate: float
    usual_rate: float

    @property
    def detail(self) -> str:
        """What happens in words, without commas."""
        usual, extra = f"{self.usual_rate:.3g}/s", f"{self.extra_rate:.3g}/s"
        match self.kind:
            case Kind.DECLINE:
                return f"stars worsen over the first 60% then stay bad; rate {usual} as usual"
            case Kind.BOMBING:
                return f"lowest stars from newcomers at {extra} on top of {usual}"
            case Kind.BOOST:
                return f"highest stars from newcomers at {extra} on top of {usual}"
            case Kind.POPULARITY:
                return f"usual stars from usual reviewers at {extra} on top of {usual}"

    def worse(self, at_ms: NDArray[np.int64]) -> NDArray[np.float64]:
        """How far a decline has gone at these times from the opening, 0 to 0.9."""
        share = (at_ms - self.start_ms) / (self.end_ms - self.start_ms)
        return np.clip(share / 0.6, 0, 1) * 0.9


@dataclass(frozen=True, slots=True)
class Plan:
    """All incidents of a shop, made when asked for.

    Args:
        options: Of the shop.
        sums: Cumulated popularity of its products, rising to 1.
    """

    options: ShopOptions
    sums: NDArray[np.float64]

    def between(self, start_ms: int, end_ms: int) -> Iterator[Incident]:
        """The incidents that touch [start_ms, end_ms), from the opening, by time."""
        slot = self.options.incident_slot_ms
        if not slot:
            return
        for index in range(start_ms // slot, -(-end_ms // slot)):
            span = self.options.span_ms
            if span is not None and (index + 1) * slot > span:
                return
            incident = self.incident(index)
            if incident.start_ms < end_ms and incident.end_ms > start_ms:
                yield incident

    def incident(self, index: int) -> Incident:
        """The incident of a slot."""
        random = stream(self.options.seed, Concern.PLAN, index).random(3)
        kind = list(Kind)[index % len(Kind)]
        slot = self.options.incident_slot_ms
        start = index * slot + int(slot * (0.1 + 0.25 * random[0]))
        length = min(int(slot * (0.35 + 0.25 * random[1])), _longest(kind))
        product = int(random[2] * self._candidates(kind, length))
        usual = self.options.rate * self._share(product)
        return Incident(
            index=index,
            kind=kind,
            product=product,
            start_ms=start,
            end_ms=start + length,
            extra_rate=_extra_rate(kind, usual, length / 1000),
            usual_rate=usual,
        )

    def _share(self, product: int) -> float:
        before = self.sums[product - 1] if product else 0.0
        return float(self.sums[product] - before)

    def _candidates(self, kind: Kind, length_ms: int) -> int:
        """How many of the most popular products the incident may happen to."""
        known = min(-(-len(self.sums) // 4), _WELL_KNOWN)
        if kind is not Kind.DECLINE:
            return known
        usual = self.options.rate * length_ms / 1000 * np.diff(self.sums[:known], prepend=0.0)
        return max(int((usual >= _ENOUGH).sum()), 1)


def _longest(kind: Kind) -> int:
    match kind:
        case Kind.DECLINE:
            return 90 * 24 * _HOUR_MS
        case Kind.BOMBING | Kind.BOOST:
            return 2 * _HOUR_MS
        case Kind.POPULARITY:
            return 24 * _HOUR_MS


def _extra_rate(kind: Kind, usual: float, seconds: float) -> float:
    match kind:
        case Kind.DECLINE:
            return 0.0
        case Kind.BOMBING | Kind.BOOST:
            return max(3 * usual, 40 / seconds)
        case Kind.POPULARITY:
            return max(5 * usual, 60 / seconds)
