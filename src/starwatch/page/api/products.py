"""Products as JSON: the table, the overview of all of them, and one."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from starwatch.page.api.columns import floats, histogram, known, rows_of_floats
from starwatch.page.api.parameters import (
    Parameter,
    choice,
    flag,
    integer,
    number,
    words,
)
from starwatch.views.values import (
    Overview,
    ProductNow,
    ProductPage,
    ProductQuery,
    ProductRows,
    WindowNow,
)
from starwatch.windows.spec import WindowSpec

SORT_KEYS = (
    "id",
    "name",
    "category",
    "count",
    "mean",
    "change",
    "score",
    "rank",
    "all_count",
    "all_mean",
    "last",
)
MOST_ROWS = 500
_MOST_OFFSET = 10_000_000
_MOST_WINDOWS = 1000
_LIMIT = 60

_WINDOW = integer("window", "Which window of the job, from 0.", 0, _MOST_WINDOWS, 0)
_FILTERS: tuple[Parameter, ...] = (
    words("q", "What id or name must contain, in any case.", 512, ""),
    words("category", "Only products of this category; empty: those without one.", 500),
    number("low", "Mean of the window at least this.", -1e9, 1e9),
    number("high", "Mean of the window below this, or at it where it is the highest.", -1e9, 1e9),
    flag("active", "1: only products with a rating in the window; 0: only those without."),
)
OVERVIEW: tuple[Parameter, ...] = (_WINDOW, *_FILTERS)
PRODUCTS: tuple[Parameter, ...] = (
    _WINDOW,
    choice(
        "sort",
        "What rows are sorted by; `-` falls.",
        [sign + key for key in SORT_KEYS for sign in ("", "-")],
        "-count",
    ),
    *_FILTERS,
    integer("offset", "How many rows to leave out.", 0, _MOST_OFFSET, 0),
    integer("limit", "How many rows at most.", 1, MOST_ROWS, _LIMIT),
)
PRODUCT_ID = words("id", "The product id.", 512)
ONE_ID = Parameter(
    PRODUCT_ID.name, PRODUCT_ID.about, PRODUCT_ID.schema, PRODUCT_ID.read, required=True
)


def product_query(given: Mapping[str, Any]) -> ProductQuery:
    """What values of parameters ask for."""
    names = {each.name for each in PRODUCTS}
    return ProductQuery(**{name: value for name, value in given.items() if name in names})


def page_values(page: ProductPage) -> dict[str, Any]:
    """Rows of the table."""
    return {
        "seq": page.seq,
        "window": page.window and window_values(page.window),
        "end_ms": page.end_ms,
        "open_end_ms": page.open_end_ms,
        "watermark_ms": page.watermark_ms,
        "total": page.total,
        "offset": page.offset,
        "rows": row_columns(page.rows),
    }


def row_columns(rows: ProductRows) -> dict[str, Any]:
    """The columns of rows; each is a list of one length."""
    return {
        "id": list(rows.id),
        "name": list(rows.name),
        "category": list(rows.category),
        "count": rows.count.tolist(),
        "stars": rows.stars.tolist(),
        "mean": floats(rows.mean),
        "change": floats(rows.change.round(6)),  # a difference of rounded means
        "provisional": {"count": rows.open_count.tolist(), "stars": rows.open_stars.tolist()},
        "trend": rows_of_floats(rows.trend),
        "all_count": rows.all_count.tolist(),
        "all_stars": rows.all_stars.tolist(),
        "all_mean": floats(rows.all_mean),
        "score": floats(rows.score),
        "score_low": floats(rows.score_low),
        "score_high": floats(rows.score_high),
        "rank": known(rows.rank, 0),
        "first_ms": _times(rows, rows.first_ms),
        "last_ms": _times(rows, rows.last_ms),
    }


def _times(rows: ProductRows, times: NDArray[np.int64]) -> list[int | None]:
    """Null for products that the catalogue alone knows."""
    rated = rows.all_count.tolist()
    return [at if count else None for at, count in zip(times.tolist(), rated, strict=True)]


def overview_values(overview: Overview) -> dict[str, Any]:
    """How all products are spread, and each category."""
    means = floats(overview.category_mean)
    return {
        "seq": overview.seq,
        "window": overview.window and window_values(overview.window),
        "end_ms": overview.end_ms,
        "distribution": {
            "low": overview.low.tolist(),
            "high": overview.high.tolist(),
            "count": overview.count.tolist(),
        },
        "categories": [
            {"category": category, "products": products} | histogram(stars, mean)
            for category, products, stars, mean in zip(
                overview.categories,
                overview.category_products.tolist(),
                overview.category_stars,
                means,
                strict=True,
            )
        ],
        "alarms": [],
    }


def product_values(product: ProductNow) -> dict[str, Any]:
    """One product: its row, and each window of the job as it is now."""
    columns = row_columns(product.row)
    provisional = columns.pop("provisional")
    row = {name: column[0] for name, column in columns.items()}
    return {
        "seq": product.seq,
        **row,
        "provisional": {name: column[0] for name, column in provisional.items()},
        "known": product.rated,
        "now": [_now(window) for window in product.now],
    }


def _now(now: WindowNow) -> dict[str, Any]:
    return {
        **window_values(now.window),
        "end_ms": now.end_ms,
        **histogram(now.stars, now.mean),
        "open_end_ms": now.open_end_ms,
        "open_stars": now.open_stars.tolist(),
    }


def window_values(window: WindowSpec) -> dict[str, Any]:
    """A window as text and as numbers."""
    return {
        "label": window.label,
        "size_ms": window.size_ms,
        "slide_ms": window.slide_ms,
        "offset_ms": window.offset_ms,
    }
