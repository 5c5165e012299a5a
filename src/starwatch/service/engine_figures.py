"""An engine in numbers, as its thread leaves it for others to read."""

from dataclasses import dataclass
from typing import Self

from starwatch.admission.ledger import Books
from starwatch.service.durable import DurableEngine


@dataclass(frozen=True, slots=True)
class EngineFigures:
    """What belongs together of an engine, at one moment.

    It is made by the engine's own thread between two steps, for a step over a quarter of a million
    ratings takes seconds, and health must not wait for that.

    Attributes:
        watermark_ms: The watermark; None before there is one.
        books: Both books as of the last commit.
        products: Product ids that are known.
        partitions: Partitions that are there.
        duplicates_horizon_ms: How far back duplicates are recognised; None: not at all.
        rows: Window rows that were committed, all runs together.
    """

    watermark_ms: int | None
    books: Books
    products: int
    partitions: int
    duplicates_horizon_ms: int | None
    rows: int

    @classmethod
    def of(cls, durable: DurableEngine) -> Self:
        """Those of now; for the engine's thread, or before it runs."""
        engine = durable.engine
        return cls(
            watermark_ms=engine.watermark_ms,
            books=durable.books,
            products=len(engine.products),
            partitions=len(engine.partitions),
            duplicates_horizon_ms=engine.duplicates_horizon_ms,
            rows=durable.rows_committed,
        )
