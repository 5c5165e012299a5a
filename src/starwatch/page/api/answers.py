"""What the API answers, as plain values; called from any thread."""

import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from starwatch.journal.places import Places
from starwatch.page.api.kept import late_values, rejects_values
from starwatch.page.api.parameters import BadRequest
from starwatch.page.api.products import (
    overview_values,
    page_values,
    product_query,
    product_values,
)
from starwatch.page.api.series import default_span, series_values
from starwatch.page.api.status import ledger_values, status_values
from starwatch.ports import JobStatus
from starwatch.ratings.scale import Scale
from starwatch.views.values import About, ProductQuery, Series
from starwatch.views.views import Views
from starwatch.windows.spec import WindowSpec


class Unknown(Exception):
    """What was asked for is not there; answered with 404."""


LATE_SECONDS = 20.0
"""Ratings that came too late are seen in old windows so long after, at most."""


def _wall_ms() -> int:
    return time.time_ns() // 1_000_000


class Sampled:
    """A number as it was at the beginning of each stretch of some seconds.

    Args:
        seconds: How long it stays the same.
    """

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._until = 0.0
        self._value = 0

    def of(self, value: int) -> int:
        """What it is said to be now."""
        now = time.monotonic()
        if now >= self._until:
            self._until, self._value = now + self._seconds, value
        return self._value


class Answers:
    """Answers from views of a state, and from the job where it runs in this process.

    Args:
        views: The views.
        directory: The state directory.
        status: The job; None where it runs elsewhere, or not at all.
        now_ms: The clock where there is no job.
    """

    def __init__(
        self,
        views: Views,
        directory: Path,
        status: JobStatus | None = None,
        *,
        now_ms: Callable[[], int] = _wall_ms,
    ) -> None:
        self.views = views
        self._places = Places(directory)
        self._status = status
        self._now_ms = now_ms
        self._came_late = Sampled(LATE_SECONDS)

    def came_late(self) -> int:
        """How many ratings, and parts of them, came too late for windows; seldom another number.

        They change complete windows of long ago, which whoever watches is told whole then.
        """
        books = self.views.about().books
        return self._came_late.of(books.late + sum(spec.missed for spec in books.specs))

    def status(self, given: Mapping[str, Any]) -> dict[str, Any]:
        """How the state and the job are."""
        del given
        figures = self._status.figures() if self._status else None
        return status_values(self.views.about(), figures, self._now_ms())

    def part_of_status(self, name: str) -> dict[str, Any]:
        """One part of the status, with the number it is as of."""
        whole = self.status({})
        return {"seq": whole["seq"], name: whole[name]}

    def products(self, given: Mapping[str, Any]) -> dict[str, Any]:
        """A page of products."""
        return page_values(self.views.products(self._query(given)))

    def overview(self, given: Mapping[str, Any]) -> dict[str, Any]:
        """All products at a glance."""
        return overview_values(self.views.overview(self._query(given)))

    def product(self, given: Mapping[str, Any]) -> dict[str, Any]:
        """One product.

        Raises:
            Unknown: nobody ever rated it, and the catalogue does not know it.
        """
        found = self.views.product(given["id"])
        if found is None:
            raise Unknown(f"the product {given['id']!r} is unknown")
        return product_values(found)

    def series(self, given: Mapping[str, Any]) -> dict[str, Any]:
        """Windows of one product over a span."""
        self.product(given)
        return series_values(self._series(given["id"], given))

    def compare(self, given: Mapping[str, Any]) -> dict[str, Any]:
        """Windows of several products over one span, on one grid."""
        ids = list(dict.fromkeys(given["id"]))
        for each in ids:
            self.product({"id": each})
        span = {**given, **self.span(given)}
        series = [series_values(self._series(each, span)) for each in ids]
        return {"seq": min(each["seq"] for each in series), "series": series}

    def stars(self, given: Mapping[str, Any]) -> dict[str, Any]:
        """The star histogram of one product over a span."""
        self.product(given)
        about = self.views.about()
        start = given["from_ms"]
        if given["last"] is not None:
            start = self.span(given)["from_ms"]
        found = self.views.stars(given["id"], start, given["to_ms"])
        return {
            "seq": about.seq,
            "id": given["id"],
            "from_ms": start,
            "to_ms": given["to_ms"],
            "stars": found.stars.tolist(),
            "count": found.count,
            "mean": found.mean,
        }

    def rejects(self, given: Mapping[str, Any]) -> dict[str, Any]:
        """What was refused, the newest first."""
        return rejects_values(self._places.database, self.views.about(), given)

    def late(self, given: Mapping[str, Any]) -> dict[str, Any]:
        """What came too late, the newest first."""
        about = self.views.about()
        return late_values(self._places.database, self._places.ratings, about, given)

    def ledger(self, given: Mapping[str, Any]) -> dict[str, Any]:
        """Both books, by source and window."""
        del given
        return ledger_values(self.views.about())

    @property
    def scale(self) -> Scale:
        """The scale of the job."""
        job = self.views.about().job
        return job.scale if job else Scale()

    def tail(self, product: str, given: Mapping[str, Any], after_ms: int) -> Series:
        """The same as `series`, only what ends behind a moment."""
        series = self._series(product, given)
        rows = series.end_ms > after_ms
        return replace(
            series,
            end_ms=series.end_ms[rows],
            stars=series.stars[rows],
            mean=series.mean[rows],
            low=series.low[rows],
            high=series.high[rows],
            corrected=series.corrected[rows],
        )

    def _series(self, product: str, given: Mapping[str, Any]) -> Series:
        span = self.span(given)
        return self.views.series(
            product,
            span["window"],
            span["from_ms"],
            span["to_ms"],
            emitted=given["values"] == "emitted",
        )

    def span(self, given: Mapping[str, Any]) -> dict[str, Any]:
        """Window, start and end of a span, with what nobody named filled in.

        Raises:
            BadRequest: it ends before it starts, or its start is given twice.
        """
        about = self.views.about()
        window: WindowSpec = given.get("window") or _first_window(about)
        last, to_ms = given["last"], given["to_ms"]
        if given["from_ms"] is None:
            newest = _newest_end(about, window) if to_ms is None else to_ms
            start = newest - (default_span(window) if last is None else last)
        elif last is None:
            start = given["from_ms"]
        else:
            raise BadRequest("last and from_ms exclude each other")
        if to_ms is not None and to_ms < start:
            raise BadRequest("to_ms is before from_ms")
        return {"window": window, "from_ms": start, "to_ms": to_ms, "last": None}

    def _query(self, given: Mapping[str, Any]) -> ProductQuery:
        job = self.views.about().job
        windows = len(job.windows) if job else 1
        if given["window"] >= windows:
            raise BadRequest(f"window must be below {windows}, for so many windows has the job")
        return product_query(given)


def _newest_end(about: About, window: WindowSpec) -> int:
    """Where the newest closed window ends; at the end of a replay, that behind its last rating."""
    if about.watermark_ms is not None:
        return window.end_ms(window.last_end_at(about.watermark_ms))
    newest = about.newest_ms if about.newest_ms is not None else about.last_ms
    return 0 if newest is None else window.end_ms(window.last_end_at(newest) + 1)


def _first_window(about: About) -> WindowSpec:
    return about.job.windows[0] if about.job else WindowSpec()
