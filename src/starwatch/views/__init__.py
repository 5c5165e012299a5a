"""What is committed, as a page asks for it: a state followed, read-only, beside whoever writes."""

from starwatch.views.values import (
    About,
    Histogram,
    OpenWindow,
    Overview,
    ProductNow,
    ProductPage,
    ProductQuery,
    ProductRows,
    Series,
    WindowNow,
)
from starwatch.views.views import Views

__all__ = [
    "About",
    "Histogram",
    "OpenWindow",
    "Overview",
    "ProductNow",
    "ProductPage",
    "ProductQuery",
    "ProductRows",
    "Series",
    "Views",
    "WindowNow",
]
