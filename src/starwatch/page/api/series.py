"""Series as JSON and CSV: windows of a product over a span, for any window that can be drawn."""

import csv
import io
from collections.abc import Mapping, Sequence
from typing import Any

from starwatch.page.api.columns import floats, histogram
from starwatch.page.api.parameters import Parameter, choice, integer
from starwatch.page.api.products import ONE_ID, PRODUCT_ID, window_values
from starwatch.ratings.durations import duration_ms, moment_label
from starwatch.ratings.scale import Scale, star_names
from starwatch.views.values import Series
from starwatch.windows.spec import WindowSpec

MOST_COMPARED = 6
_FIRST_MS, _LAST_MS = -62_135_596_800_000, 253_402_300_799_999
_LENGTH = r"\d{1,6}(ms|s|m|h|d|w)"
_POINTS = 720
"""Windows shown where no span is asked for: an hour by 5 s, a month by the hour."""


def _window(text: str) -> WindowSpec:
    return WindowSpec.parse(text)


_FROM = integer("from_ms", "Windows that end at or after this.", _FIRST_MS, _LAST_MS)
LAST = Parameter(
    "last",
    "In place of from_ms: so long before the newest closed window, or before to_ms, as 1h.",
    {"type": "string", "pattern": f"^{_LENGTH}$"},
    duration_ms,
)
_TO = integer("to_ms", "Windows that end at or before this.", _FIRST_MS, _LAST_MS)
WINDOW: Parameter = Parameter(
    "window",
    "SIZE/SLIDE, as 1h/5m, or SIZE/SLIDE+OFFSET; the first window of the job where none is given.",
    {
        "type": "string",
        "pattern": rf"^{_LENGTH}(/{_LENGTH})?(\+{_LENGTH})?$",
    },
    _window,
)
_SPAN: tuple[Parameter, ...] = (
    WINDOW,
    _FROM,
    _TO,
    LAST,
    choice(
        "values",
        "`complete`: with ratings that came late; `emitted`: as the windows were given out.",
        ["complete", "emitted"],
        "complete",
    ),
)
SERIES: tuple[Parameter, ...] = (ONE_ID, *_SPAN)
COMPARE: tuple[Parameter, ...] = (
    Parameter(
        "id",
        f"A product id; up to {MOST_COMPARED} of them.",
        PRODUCT_ID.schema,
        PRODUCT_ID.read,
        required=True,
        several=MOST_COMPARED,
    ),
    *_SPAN,
)
STARS: tuple[Parameter, ...] = (ONE_ID, _FROM, _TO, LAST)


_CSV_COLUMNS = ("product", "window", "end", "end_ms", "count", "mean", "low", "high", "corrected")


def default_span(window: WindowSpec) -> int:
    """How long a span is that nobody named."""
    return _POINTS * window.slide_ms


def series_values(series: Series) -> dict[str, Any]:
    """A series; `stars` has a column for each step of the scale."""
    now = series.open
    return {
        "seq": series.seq,
        "id": series.product,
        "window": window_values(series.window),
        "values": "emitted" if series.emitted else "complete",
        "tier_ms": series.tier_ms,
        "step_ms": series.step_ms,
        "from_ms": series.from_ms,
        "to_ms": series.to_ms,
        "since_ms": series.since_ms,
        "points": points_values(series),
        "provisional": now and {"end_ms": now.end_ms} | histogram(now.stars.stars, now.stars.mean),
        "all": histogram(series.all.stars, series.all.mean),
    }


def points_values(series: Series) -> dict[str, Any]:
    """Its points, as columns."""
    return {
        "end_ms": series.end_ms.tolist(),
        "count": series.count.tolist(),
        "stars": series.stars.T.tolist(),
        "mean": floats(series.mean),
        "low": floats(series.low),
        "high": floats(series.high),
        "corrected": series.corrected.tolist(),
    }


def csv_of(values: Mapping[str, Any], scale: Scale) -> bytes:
    """A series as CSV: a row a window, with its mean, band and stars."""
    points: Mapping[str, Sequence[Any]] = values["points"]
    window = values["window"]
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\r\n")
    writer.writerow([*_CSV_COLUMNS, *star_names(scale)])
    product = _harmless(values["id"])
    for at, end_ms in enumerate(points["end_ms"]):
        row = [points[name][at] for name in ("count", "mean", "low", "high")]
        stars = [column[at] for column in points["stars"]]
        corrected = int(points["corrected"][at])
        head = [product, window["label"], moment_label(end_ms), end_ms]
        writer.writerow([*head, *row, corrected, *stars])
    return text.getvalue().encode()


def _harmless(text: str) -> str:
    """A text that no spreadsheet takes for a formula."""
    return f"'{text}" if text[:1] in {"=", "+", "-", "@", "\t", "\r"} else text
