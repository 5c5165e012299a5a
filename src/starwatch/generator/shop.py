"""A made-up shop: its catalogue, and the stream of its ratings."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from starwatch.generator.catalogue import make_catalogue
from starwatch.generator.chunk import Chunk
from starwatch.generator.draws import Draws
from starwatch.generator.flaws import Flaw, reason, star_texts
from starwatch.generator.ids import coded_ids
from starwatch.generator.incidents import Incident, Plan
from starwatch.generator.options import ShopOptions
from starwatch.generator.popularity import zipf_sums
from starwatch.generator.profiles import draw_thresholds
from starwatch.generator.rhythm import Rhythm
from starwatch.generator.text import Columns, csv_line
from starwatch.ratings.batch import Batch
from starwatch.ratings.catalogue import Catalogue
from starwatch.ratings.rejects import Reject

CHUNK_ROWS = 65_536
"""Rows a chunk unless asked otherwise: large enough for speed, small enough for the cache."""


@dataclass(frozen=True, slots=True)
class Step:
    """What arrived in one step of a live stream.

    Attributes:
        until_ms: The step's end, UTC epoch milliseconds: every row arrived before it.
        rows: The rows; there may be none.
    """

    until_ms: int
    rows: Chunk


class Shop:
    """A made-up shop, wholly decided by its options.

    Making one costs time and memory in proportion to its products and reviewers; its ratings are
    drawn block by block and never kept.

    Args:
        options: What the shop is like.
    """

    def __init__(self, options: ShopOptions) -> None:
        self.options = options
        self._catalogue = make_catalogue(options.seed, options.products)
        pool = np.arange(options.pool, dtype=np.uint64)
        self._reviewers = coded_ids(options.seed, "A", pool)
        self._star_texts = pa.array(star_texts(options.scale))
        sums = zipf_sums(options.products, options.zipf)
        self._plan = Plan(options, sums)
        self._draws = Draws(
            options=options,
            rhythm=Rhythm(options),
            plan=self._plan,
            sums=sums,
            thresholds=draw_thresholds(options.seed, options.products, options.scale.steps),
        )

    def catalogue(self) -> Catalogue:
        """Ids, names and categories of the products, the most popular first."""
        return self._catalogue

    def incidents(self) -> Iterator[Incident]:
        """All incidents by time; without end where the shop has none."""
        span, slot = self.options.span_ms, self.options.incident_slot_ms
        if span is not None:
            yield from self._plan.between(0, span)
            return
        index = 0
        while slot:
            yield self._plan.incident(index)
            index += 1

    def chunks(self, rows: int = CHUNK_ROWS) -> Iterator[Chunk]:
        """The whole stream in order of arrival, `rows` rows at a time; only the last has fewer.

        The rows do not depend on how they are cut. Each call starts again at the opening.
        """
        waiting: list[Chunk] = []
        held = 0
        for _, arrived in self._draws.arrivals():
            waiting.append(arrived)
            held += len(arrived)
            if held < rows:
                continue
            joined = Chunk.concat(waiting)
            whole = held - held % rows
            for start in range(0, whole, rows):
                yield joined.slice(start, start + rows)
            waiting = [joined.slice(whole, held)]
            held -= whole
        if held:
            yield Chunk.concat(waiting)

    def live(self, step_ms: int = 200) -> Iterator[Step]:
        """The whole stream in steps of arrival time, empty ones included; endless without a span.

        The first step begins at the opening. Nothing sleeps: the reader waits until a step's end,
        and shifts the times if the shop is to open now.
        """
        until = self.options.start_ms + step_ms
        rest = Chunk.empty()
        for complete_ms, arrived in self._draws.arrivals():
            rest = Chunk.concat([rest, arrived])
            while until <= complete_ms:
                cut = int(np.searchsorted(rest.arrival_ms, until))
                yield Step(until, rest.slice(0, cut))
                rest = rest.slice(cut, len(rest))
                until += step_ms
        if len(rest):
            yield Step(until, rest)

    def product_ids(self, rows: Chunk) -> pa.Array:
        """The product id of each row, Arrow `string`."""
        return self._catalogue.ids.take(pa.array(rows.product))

    def reviewer_ids(self, rows: Chunk) -> pa.Array:
        """The reviewer id of each row, Arrow `string`."""
        newcomers = rows.reviewer >= len(self._reviewers)
        if not newcomers.any():
            return self._reviewers.take(pa.array(rows.reviewer.view(np.int64)))
        known = pa.array(rows.reviewer.view(np.int64), mask=newcomers)
        ids = coded_ids(self.options.seed, "A", rows.reviewer[newcomers])
        return pc.replace_with_mask(self._reviewers.take(known), pa.array(newcomers), ids)

    def rating_ids(self, rows: Chunk) -> pa.Array:
        """The rating id of each row, Arrow `string`; an exact repeat has its original's."""
        return coded_ids(self.options.seed, "R", rows.number)

    def batch(self, rows: Chunk, *, position: int = 0, ids: bool = False) -> Batch:
        """The rows as the engine takes them: partition 0, malformed rows as rejects.

        Args:
            rows: Any rows of this shop, such as those of a live step.
            position: Position of the first of them; each row, sound or not, takes one.
            ids: Whether the ratings carry their ids.
        """
        sound = rows.flaw == 0
        kept = rows.take(sound)
        return Batch(
            arrival_ms=kept.arrival_ms,
            partition=np.zeros(len(kept), dtype=np.int32),
            position=position + np.flatnonzero(sound),
            product=self.product_ids(kept),
            reviewer=self.reviewer_ids(kept),
            stars=kept.stars,
            event_ms=kept.event_ms,
            rating_id=self.rating_ids(kept) if ids else None,
            rejects=self._rejects(rows.take(~sound), position + np.flatnonzero(~sound), ids=ids),
        )

    def columns(self, rows: Chunk, *, ids: bool = False) -> Columns:
        """The rows as texts, as `starwatch.generator.text` writes them."""
        texts = [
            self.reviewer_ids(rows),
            self.product_ids(rows),
            self._star_texts.take(pa.array(rows.stars)),
            pc.cast(pa.array(rows.event_ms), pa.string()),
        ]
        if ids:
            texts.append(self.rating_ids(rows))
        return Columns(texts, rows.flaw, self.options.scale)

    def _rejects(
        self, rows: Chunk, positions: NDArray[np.int64], *, ids: bool
    ) -> tuple[tuple[int, Reject], ...]:
        columns = self.columns(rows, ids=ids)
        texts = zip(*(column.to_pylist() for column in columns.texts), strict=True)
        out = []
        for position, flaw, row in zip(positions.tolist(), rows.flaw.tolist(), texts, strict=True):
            line = csv_line(Flaw(flaw), columns.scale, row)
            out.append((0, Reject(position, reason(Flaw(flaw)), line.encode())))
        return tuple(out)
