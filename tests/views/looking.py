"""What views show, as tests compare it."""

from starwatch.views import ProductQuery, Views
from starwatch.windows.spec import WindowSpec

POINTS = 1_400
"""So few windows are asked for at once that each of them is a point."""


def windows_of(views: Views, product: str, spec: WindowSpec, *, emitted: bool) -> dict:
    """All closed windows of a product as {end: stars}, a stretch of time after the other."""
    found, at = {}, None
    while True:
        to_ms = None if at is None else at + POINTS * spec.slide_ms
        if at is None:
            first = views.series(product, spec, None, None, emitted=emitted)
            at = first.from_ms
            continue
        series = views.series(product, spec, at, to_ms, emitted=emitted)
        assert series.step_ms == spec.slide_ms
        found |= dict(zip(series.end_ms.tolist(), map(tuple, series.stars.tolist()), strict=True))
        if to_ms > first.to_ms:
            return found
        at = to_ms + 1


def every_window(views: Views, spec: WindowSpec, *, emitted: bool) -> dict:
    """All closed windows of all products as {(product, end): stars}."""
    return {
        (product, end): stars
        for product in products_of(views)
        for end, stars in windows_of(views, product, spec, emitted=emitted).items()
    }


def products_of(views: Views) -> list[str]:
    return list(views.products(ProductQuery(sort="id", limit=1 << 30)).rows.id)
