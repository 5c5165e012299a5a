"""How the state is, and the job that writes it, as JSON."""

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

import starwatch
from starwatch.admission.ledger import Books, SpecBook
from starwatch.page.api.products import window_values
from starwatch.ratings.scale import Scale
from starwatch.status import JobFigures, Spread
from starwatch.views.values import About

SHORT: Sequence[str] = (
    "identity",
    "seq",
    "now_ms",
    "watermark_ms",
    "rate",
    "active",
    "products",
    "data_age_ms",
    "books",
    "troubles",
    "running",
    "finished",
    "newest_ms",
)
"""What of it goes with every event of a stream."""

CLOCKS = ("now_ms", "data_age_ms")
"""What of it changes though nothing has happened."""


def status_values(about: About, figures: JobFigures | None, now_ms: int) -> dict[str, Any]:
    """The status.

    Args:
        about: The state.
        figures: The job, where it runs in this process.
        now_ms: The clock of this process, where it runs in none.
    """
    return _state(about) | _rules(about) | _job(about, figures, now_ms)


def _state(about: About) -> dict[str, Any]:
    return {
        "seq": about.seq,
        "version": starwatch.__version__,
        "identity": about.identity,
        "running": about.running,
        "live": about.live,
        "finished": about.finished,
        "watermark_ms": about.watermark_ms,
        "newest_ms": about.newest_ms,
        "tiers_ms": list(about.tiers_ms),
        "since_ms": about.since_ms.get(min(about.tiers_ms)) if about.tiers_ms else None,
        "first_ms": about.first_ms,
        "last_ms": about.last_ms,
        "products": about.products,
        "active": about.active[0] if about.active else 0,
        "rate": about.rate,
        "catalogue": about.catalogue,
        "books": books_values(about.books),
        "reasons": {str(reason): number for reason, number in about.books.reasons.items()},
    }


def _rules(about: About) -> dict[str, Any]:
    job = about.job
    if job is None:
        return {"windows": [], "specs": [], "scale": None, "time": None}
    books: Sequence[SpecBook | None] = about.books.specs or [None] * len(job.windows)
    return {
        "time": str(job.time),
        "bound_ms": job.bound_ms,
        "lateness_ms": job.lateness_ms,
        "scale": _scale(job.scale),
        "windows": [window_values(window) for window in job.windows],
        "specs": [
            {"label": window.label, **(asdict(book) if book else {})}
            for window, book in zip(job.windows, books, strict=True)
        ],
    }


def _scale(scale: Scale) -> dict[str, Any]:
    return {
        "lowest": float(scale.lowest),
        "highest": float(scale.highest),
        "step": float(scale.step),
        "values": [float(value) for value in scale.values],
    }


def _job(about: About, figures: JobFigures | None, now_ms: int) -> dict[str, Any]:
    now_ms = figures.now_ms if figures else now_ms
    newest = about.newest_arrival_ms if about.live else None
    troubles = [*figures.troubles] if figures else []
    if not about.books.balanced and not figures:
        troubles.append("the books do not balance")
    if about.trouble:
        troubles.append(about.trouble)
    values: dict[str, Any] = {
        "now_ms": now_ms,
        "data_age_ms": None if newest is None else max(now_ms - newest, 0),
        "troubles": troubles,
        "sources": [
            {"name": name} for name in sorted({each.name for each in about.sources.values()})
        ],
        "sinks": [],
        "queue": None,
        "commits": None,
        "latency": None,
        "duplicates_horizon_ms": None,
    }
    return values | (_running(figures) if figures else {})


def _running(figures: JobFigures) -> dict[str, Any]:
    return {
        "sources": [asdict(each) for each in figures.sources],
        "sinks": [asdict(each) for each in figures.sinks],
        "queue": {"ratings": figures.queue_ratings, "bytes": figures.queue_bytes},
        "commits": spread_values(figures.commits),
        "latency": spread_values(figures.latency),
        "duplicates_horizon_ms": figures.duplicates_horizon_ms,
    }


def books_values(books: Books) -> dict[str, Any]:
    """The first book, in numbers and in one sentence."""
    numbers = {
        name: getattr(books, name)
        for name in ("received", "counted", "duplicate", "late", "rejected", "pending")
    }
    return numbers | {"balanced": books.balanced, "sentence": sentence(books)}


def sentence(books: Books) -> str:
    """The first book in one sentence.

    >>> sentence(Books(received=1200, counted=1197, late=2, rejected=1))
    '1,200 ratings came: 1,197 counted, 2 too late, 1 rejected.'
    >>> sentence(Books())
    'No rating has come yet.'
    """
    if not books.received:
        return "No rating has come yet."
    parts = [f"{books.counted:,} counted"]
    for number, words in (
        (books.duplicate, "came twice"),
        (books.late, "too late"),
        (books.rejected, "rejected"),
        (books.pending, "under way"),
    ):
        if number:
            parts.append(f"{number:,} {words}")
    came = f"{books.received:,} rating{'' if books.received == 1 else 's'} came"
    end = "." if books.balanced else ". THE BOOKS DO NOT BALANCE."
    return f"{came}: {', '.join(parts)}{end}"


def spread_values(spread: Spread) -> dict[str, Any]:
    """How many there were, and how long half of them and 99 % of them took at most."""
    return {
        "number": sum(spread.counts),
        "p50_ms": _quantile(spread, 0.5),
        "p99_ms": _quantile(spread, 0.99),
    }


def _quantile(spread: Spread, share: float) -> float | None:
    """Interpolated within its bucket, as Prometheus does it; milliseconds."""
    total = sum(spread.counts)
    if not total:
        return None
    wanted, so_far, lower = share * total, 0, 0.0
    bounds: Sequence[float] = [*spread.bounds, spread.bounds[-1]]
    for bound, count in zip(bounds, spread.counts, strict=True):
        if count and so_far + count >= wanted:
            return round((lower + (bound - lower) * (wanted - so_far) / count) * 1000, 3)
        so_far, lower = so_far + count, bound
    return round(lower * 1000, 3)


def ledger_values(about: About) -> dict[str, Any]:
    """Both books, by source and by window; those of backfilled files apart."""
    return {
        "seq": about.seq,
        "books": books_values(about.books),
        "reasons": {str(reason): number for reason, number in about.books.reasons.items()},
        "specs": _rules(about)["specs"],
        "sources": [
            {
                "name": each.name,
                "received": each.ratings + each.rejects,
                "counted": each.classes[0],
                "duplicate": each.classes[1],
                "late": each.classes[2],
                "rejected": each.classes[3] + each.rejects,
            }
            for _, each in sorted(about.sources.items())
        ],
        "backfills": [
            {
                "path": each.path,
                "received": each.received,
                "counted": each.counted,
                "duplicate": each.duplicate,
                "rejected": each.rejected,
            }
            for each in about.backfills
        ],
    }
