"""The overview as lines of styled text, made of answers of the API alone; pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from typing import Any

from starwatch.ratings.means import mean_text
from starwatch.ratings.scale import Scale
from starwatch.terminal.cells import BLOCKS, bars, columns, end_text, padded, printable
from starwatch.terminal.frame import Line
from starwatch.windows.spec import WindowSpec

AROUND = 6
"""Lines that are no rows: three above, the table's heading, the count of the rest, the keys."""

TREND = 12
"""Means of a sparkline: the newest of the 24 that the API has."""

_LONGEST_ID, _LONGEST_NAME = 16, 28
_NONE = "-"


class TopSort(StrEnum):
    """What products are sorted by, and what the API calls that."""

    COUNT = "count"
    MEAN = "mean"
    CHANGE = "change"
    SCORE = "score"
    RANK = "rank"
    NAME = "name"
    PRODUCT = "product"

    @property
    def asked(self) -> str:
        """The value of the API's parameter `sort`: texts and places rise, numbers fall."""
        rising = {TopSort.PRODUCT: "id", TopSort.NAME: "name", TopSort.RANK: "rank"}
        return rising.get(self, f"-{self.value}")

    @property
    def following(self) -> "TopSort":
        """The key that comes after this one when a person cycles through them."""
        keys = list(TopSort)
        return keys[(keys.index(self) + 1) % len(keys)]


@dataclass(frozen=True, slots=True)
class Chosen:
    """What a person chose to see.

    Attributes:
        window: Which of the job's windows.
        sort: What products are sorted by.
        search: What is in their id or name.
        typing: Whether that is being typed.
        keys: Whether keys are read, and so named in the footer.
        paused: Whether the picture is held.
    """

    window: int = 0
    sort: TopSort = TopSort.COUNT
    search: str = ""
    typing: bool = False
    keys: bool = True
    paused: bool = False


@dataclass(frozen=True, slots=True)
class Answers:
    """What the API said.

    Attributes:
        status: GET /status.
        products: GET /products; None before there is a job.
    """

    status: Mapping[str, Any]
    products: Mapping[str, Any] | None


def overview(
    answers: Answers, chosen: Chosen, *, trouble: str = "", rows: int | None = None
) -> list[Line]:
    """The whole picture.

    Args:
        answers: What the API said last.
        chosen: What a person chose to see.
        trouble: Why that is not of now; one line.
        rows: How many products there is room for; None: for all.
    """
    status, page = answers.status, answers.products
    lines = [_head(status, chosen), _books(status)]
    if page is None or page["window"] is None:
        return [*lines, (("no run has begun in this state yet", "italic"),), *_trouble(trouble)]
    cells = _cells(page["rows"], _scale(status))[:rows]
    rest = page["total"] - len(cells)
    return [
        *lines,
        _window(page, chosen),
        *_table(cells),
        *(_trouble(trouble) or [((f"… and {rest:,} more" if rest else "", "dim"),)]),
        _footer(status, chosen),
    ]


def _scale(status: Mapping[str, Any]) -> Scale:
    scale = status["scale"]
    lowest, highest, step = (Decimal(str(scale[name])) for name in ("lowest", "highest", "step"))
    return Scale(lowest, highest, step)


def _head(status: Mapping[str, Any], chosen: Chosen) -> Line:
    age = status.get("data_age_ms")
    rate = status.get("rate", 0.0)
    text = "   catching up" if rate is None else f"   {rate:,.0f} ratings/s"
    text += f"   {status['products']:,} products"
    text += f"   {status.get('active') or 0:,} active"
    text += "" if age is None else f"   newest {_ago(age)}"
    text += "" if status["running"] else "   no job runs"
    paused = (("   paused", "bold yellow"),) if chosen.paused else ()
    return (("Starwatch", "bold"), (text, ""), *paused)


def _books(status: Mapping[str, Any]) -> Line:
    books = status["books"]
    balance = () if books["balanced"] else (("   THE BOOKS DO NOT BALANCE", "bold red"),)
    troubles = ((f"   {len(status['troubles'])} troubles", "bold red"),)
    return ((books["sentence"], ""), *balance, *(troubles if status.get("troubles") else ()))


def _window(page: Mapping[str, Any], chosen: Chosen) -> Line:
    spec = WindowSpec.parse(page["window"]["label"])
    search = f", with {printable(chosen.search, 30)!r}" if chosen.search else ""
    by = f"by {chosen.sort.value}{search}"
    if page["end_ms"] is None:
        return ((f"{spec.label}: no window has closed yet, {by}", "italic"),)
    end = page["end_ms"]
    span = f"{end_text(end - spec.size_ms, spec)} to {end_text(end, spec)}"
    return ((f"{spec.label}: {span}, closed, {by}", "italic"),)


_HEADINGS = ("product", "name", "mean", "count", "stars", "change", "trend", "all", "score", "rank")
_RIGHT = {2, 3, 7, 8, 9}
_STYLES = ("bold", "", "bold", "", "cyan", "", "cyan", "", "", "")
_CHANGE = 5
_CHANGE_STYLES = {"▲": "green", "▼": "red"}


def _cells(rows: Mapping[str, Any], scale: Scale) -> list[tuple[str, ...]]:
    lowest, highest = float(scale.values[0]), float(scale.values[-1])
    return [
        (
            printable(rows["id"][at], _LONGEST_ID),
            printable(rows["name"][at] or "", _LONGEST_NAME),
            _mean(rows["stars"][at], scale),
            f"{rows['count'][at]:,}",
            bars(rows["stars"][at]) if rows["count"][at] else _NONE,
            _change(rows["change"][at]),
            _spark(rows["trend"][at][-TREND:], lowest, highest),
            _mean(rows["all_stars"][at], scale),
            _number(rows["score"][at], "{:.2f}"),
            _number(rows["rank"][at], "{:,}"),
        )
        for at in range(len(rows["id"]))
    ]


def _mean(stars: Sequence[int], scale: Scale) -> str:
    return mean_text(stars, scale, 2) if any(stars) else _NONE


def _number(value: float | None, form: str) -> str:
    return _NONE if value is None else form.format(value)


def _change(change: float | None) -> str:
    if change is None:
        return _NONE
    hundredths = round(abs(change) * 100)
    if not hundredths:
        return "="
    return f"{'▲' if change > 0 else '▼'} {hundredths / 100:.2f}"


def _spark(means: Sequence[float | None], lowest: float, highest: float) -> str:
    """Means on the whole scale, so that two lines can be compared; a space where there is none."""
    most = len(BLOCKS) - 1
    span = highest - lowest
    return "".join(
        " " if mean is None else BLOCKS[round((mean - lowest) / span * most) if span else most]
        for mean in means
    )


def _table(cells: Sequence[tuple[str, ...]]) -> list[Line]:
    """The heading and the rows; a column of which no product has anything is left out."""
    optional = {1, 8, 9}
    used = [
        at
        for at in range(len(_HEADINGS))
        if at not in optional or any(row[at] not in ("", _NONE) for row in cells)
    ]
    widths = {at: max(columns(row[at]) for row in (_HEADINGS, *cells)) for at in used}
    head = tuple((_cell(_HEADINGS[at], at, widths[at]), "underline") for at in used)
    body = [
        tuple((_cell(row[at], at, widths[at]), _style(row, at)) for at in used) for row in cells
    ]
    return [head, *body]


def _cell(text: str, column: int, width: int) -> str:
    return padded(text, width, right=column in _RIGHT) + "  "


def _style(row: tuple[str, ...], column: int) -> str:
    if column == _CHANGE:
        return _CHANGE_STYLES.get(row[column][0], "dim")
    return _STYLES[column]


def _trouble(text: str) -> list[Line]:
    return [((text, "bold red"),)] if text else []


def _footer(status: Mapping[str, Any], chosen: Chosen) -> Line:
    if chosen.typing:
        return ((f"/{printable(chosen.search, 60)}", "bold"), ("   Enter   Esc", "dim"))
    if not chosen.keys:
        return (("", ""),)
    window = "   w window" if len(status["windows"]) > 1 else ""
    return ((f"s sort{window}   / search   p pause   q quit", "dim"),)


def _ago(ms: int) -> str:
    """How long ago something was, roughly.

    >>> _ago(900), _ago(90_000), _ago(10_000_000)
    ('0.9 s ago', '1 min ago', '2 h ago')
    """
    ten_seconds, minute, hour, day = 10_000, 60_000, 3_600_000, 86_400_000
    if ms < ten_seconds:
        return f"{ms / 1000:.1f} s ago"
    if ms < minute:
        return f"{ms // 1000} s ago"
    unit, name = (minute, "min") if ms < hour else (hour, "h") if ms < day else (day, "d")
    return f"{ms // unit} {name} ago"
