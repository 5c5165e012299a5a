"""The stream of a shop, block by block: draw, add incidents and copies, order by arrival."""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from starwatch.generator.chunk import Chunk
from starwatch.generator.flaws import Flaw
from starwatch.generator.incidents import Incident, Kind, Plan
from starwatch.generator.options import ShopOptions
from starwatch.generator.popularity import draw_products, draw_reviewers
from starwatch.generator.profiles import draw_stars, draw_worse_stars
from starwatch.generator.rhythm import Rhythm
from starwatch.generator.streams import Concern, below, stream

_EXTRA = 1 << 63  # the top bit marks the numbers of ratings that belong to an incident


_STRAGGLE_MS = 60_000


@dataclass(frozen=True, slots=True)
class Draws:
    """Draws the ratings of a shop.

    A block is a stretch of event time. What is drawn for it depends on the options and the block's
    number alone; a concern that is switched on only adds rows, or changes the stars of a decline.

    Args:
        options: Of the shop.
        rhythm: How many ratings are expected when.
        plan: Its incidents.
        sums: Cumulated popularity, shape (products,).
        thresholds: Star profiles, shape (steps - 1, products).
    """

    options: ShopOptions
    rhythm: Rhythm
    plan: Plan
    sums: NDArray[np.float64]
    thresholds: NDArray[np.uint32]

    def arrivals(self) -> Iterator[tuple[int, Chunk]]:
        """Rows in order of arrival, each time with the moment before which no others will come."""
        length, start = self.options.block_ms, self.options.start_ms
        pending: defaultdict[int, list[Chunk]] = defaultdict(list)
        block = 0
        while self._is_open(block) or pending:
            if self._is_open(block):
                for ahead, rows in self._by_block_of_arrival(self._block(block), block):
                    pending[ahead].append(rows)
            parts = pending.pop(block, [])
            block += 1
            yield start + block * length, Chunk.concat([Chunk.empty(), *parts]).by_arrival()

    def _is_open(self, block: int) -> bool:
        span = self.options.span_ms
        return span is None or block * self.options.block_ms < span

    def _by_block_of_arrival(self, rows: Chunk, block: int) -> Iterator[tuple[int, Chunk]]:
        start, length = self.options.start_ms, self.options.block_ms
        ahead = rows.arrival_ms >= start + (block + 1) * length
        if not ahead.any():
            yield block, rows
            return
        yield block, rows.take(~ahead)
        later = rows.take(ahead).by_arrival()
        blocks = (later.arrival_ms - start) // length
        cuts = [0, *(np.flatnonzero(np.diff(blocks)) + 1).tolist(), len(later)]
        for low, high in pairwise(cuts):
            yield int(blocks[low]), later.slice(low, high)

    def _block(self, block: int) -> Chunk:
        start = block * self.options.block_ms
        end = start + self.options.block_ms
        if self.options.span_ms is not None:
            end = min(end, self.options.span_ms)
        incidents = list(self.plan.between(start, end))
        parts = [self._with_copies(self._usual(block, start, end, incidents), block)]
        for incident in incidents:
            if incident.extra_rate:
                extra = self._extra(block, start, end, incident)
                parts.append(self._with_copies(extra, block, 1 + incident.index))
        return Chunk.concat(parts)

    def _usual(self, block: int, start: int, end: int, incidents: list[Incident]) -> Chunk:
        seed = self.options.seed
        count = int(stream(seed, Concern.COUNT, block).poisson(self.rhythm.expected(start, end)))
        at = self.rhythm.place(start, end, stream(seed, Concern.TIME, block).random(count))
        product = draw_products(seed, block, self.sums, count)
        random = _words(stream(seed, Concern.STARS, block), count)
        stars = draw_stars(self.thresholds, product, random)
        for incident in incidents:
            if incident.kind is Kind.DECLINE:
                self._worsen(stars, incident, at, product, random)
        event = self.options.start_ms + at
        return Chunk(
            arrival_ms=self._arrival(event, block) + self._straggling(count, block),
            event_ms=event,
            product=product,
            reviewer=draw_reviewers(seed, self.options.pool, count, block),
            stars=stars,
            number=np.arange(block << 20, (block << 20) + count, dtype=np.uint64),
            flaw=np.zeros(count, dtype=np.uint8),
        )

    def _worsen(
        self,
        stars: NDArray[np.uint8],
        incident: Incident,
        at: NDArray[np.int64],
        product: NDArray[np.int32],
        random: NDArray[np.uint32],
    ) -> None:
        during = (at >= incident.start_ms) & (at < incident.end_ms)
        rows = np.flatnonzero(during & (product == incident.product))
        limits = self.thresholds[:, incident.product]
        stars[rows] = draw_worse_stars(limits, incident.worse(at[rows]), random[rows])

    def _extra(self, block: int, start: int, end: int, incident: Incident) -> Chunk:
        seed, keys = self.options.seed, (block, 1 + incident.index)
        start, end = max(start, incident.start_ms), min(end, incident.end_ms)
        mean = incident.extra_rate * (end - start) / 1000
        count = int(stream(seed, Concern.COUNT, *keys).poisson(mean))
        at = start + below(stream(seed, Concern.TIME, *keys), end - start, count)
        product = np.full(count, incident.product, dtype=np.int32)
        since = block - incident.start_ms // self.options.block_ms
        first = _EXTRA | (incident.index % (1 << 22)) << 41 | since << 20
        number = np.uint64(first) + np.arange(count, dtype=np.uint64)
        reviewer = number
        match incident.kind:
            case Kind.BOMBING:
                stars = np.zeros(count, dtype=np.uint8)
            case Kind.BOOST:
                stars = np.full(count, self.options.scale.steps - 1, dtype=np.uint8)
            case _:
                random = _words(stream(seed, Concern.STARS, *keys), count)
                stars = draw_stars(self.thresholds, product, random)
                reviewer = draw_reviewers(seed, self.options.pool, count, *keys)
        event = self.options.start_ms + at
        arrival = self._arrival(event, *keys)
        flaw = np.zeros(count, dtype=np.uint8)
        return Chunk(arrival, event, product, reviewer, stars, number, flaw)

    def _arrival(self, event: NDArray[np.int64], *keys: int) -> NDArray[np.int64]:
        if not self.options.disorder_ms:
            return event
        random = stream(self.options.seed, Concern.DELAY, *keys)
        return event + below(random, self.options.disorder_ms + 1, len(event))

    def _straggling(self, count: int, block: int) -> NDArray[np.int64]:
        """How much later than the disorder says some ratings arrive; 0 for the others."""
        if not self.options.stragglers:
            return np.zeros(count, dtype=np.int64)
        random = stream(self.options.seed, Concern.STRAGGLERS, block)
        chosen = random.random(count) < self.options.stragglers
        return chosen * (_STRAGGLE_MS + below(random, _STRAGGLE_MS, count))

    def _with_copies(self, rows: Chunk, *keys: int) -> Chunk:
        """The rows, then exact repeats of some, then broken copies of some."""
        seed = self.options.seed
        parts = [rows]
        if self.options.duplicates:
            random = stream(seed, Concern.DUPLICATES, *keys)
            parts.append(self._copies(rows, self.options.duplicates, random))
        if self.options.malformed:
            random = stream(seed, Concern.MALFORMED, *keys)
            broken = self._copies(rows, self.options.malformed, random)
            flaw = 1 + below(random, len(Flaw), len(broken))
            parts.append(replace(broken, flaw=flaw.astype(np.uint8)))
        return Chunk.concat(parts)

    def _copies(self, rows: Chunk, share: float, random: np.random.Generator) -> Chunk:
        """Copies of a share of the rows that arrive after them, and within the disorder."""
        copies = rows.take(random.random(len(rows)) < share)
        left = np.maximum(copies.event_ms + self.options.disorder_ms - copies.arrival_ms, 0)
        delay = (random.random(len(copies)) * (left + 1)).astype(np.int64)
        return replace(copies, arrival_ms=copies.arrival_ms + delay)


def _words(random: np.random.Generator, count: int) -> NDArray[np.uint32]:
    return (random.random(count) * 2**32).astype(np.uint32)
