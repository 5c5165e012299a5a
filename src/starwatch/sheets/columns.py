"""The columns of a validation sheet, and the formulas by which it counts windows."""

from dataclasses import dataclass
from enum import Enum
from typing import Any

from starwatch.recompute.rules import COUNTED, DUPLICATE, LATE, REJECTED, Stars

CLASSES = {COUNTED: "counted", DUPLICATE: "duplicate", LATE: "late", REJECTED: "rejected"}

WHOLE = 100_000_000
"""Up to so many ratings times windows, formulas look at whole columns: half a minute's work for
LibreOffice. Beyond it they look at the ratings of their product, or they would take hours."""

MILLION = 1_000_000
"""Means have six decimals."""


class Kind(Enum):
    """How the cells of a column are written and shown."""

    TEXT = "text"
    NUMBER = "number"
    MS = "milliseconds"
    MOMENT = "moment"
    MEAN = "mean"
    FORMULA = "formula"
    MEAN_FORMULA = "mean formula"


@dataclass(frozen=True, slots=True)
class Column:
    """One column.

    Attributes:
        heading: What stands above it.
        kind: What its cells are.
        width: In characters.
        name: What formulas call all its cells; empty where none does.
    """

    heading: str
    kind: Kind = Kind.NUMBER
    width: int = 10
    name: str = ""


RATINGS = (
    Column("rating", width=8),
    Column("class", Kind.TEXT, name="rating_class"),
    Column("counted", width=8, name="rating_counted"),
    Column("product key", width=11, name="rating_key"),
    Column("product", Kind.TEXT, 14),
    Column("reviewer", Kind.TEXT, 16),
    Column("stars", width=7, name="rating_stars"),
    Column("event time", Kind.MOMENT, 23),
    Column("arrival", Kind.MOMENT, 23),
    Column("event time, ms", Kind.MS, 16),
    Column("arrival, ms", Kind.MS, 16),
    Column("window time, ms", Kind.MS, 16, "rating_time"),
    Column("enters windows that end after, ms", Kind.MS, 30, "rating_from"),
)

WINDOWS = (
    Column("window", Kind.TEXT, 12),
    Column("product key", width=11),
    Column("product", Kind.TEXT, 14),
    Column("start", Kind.MOMENT, 23),
    Column("end", Kind.MOMENT, 23),
    Column("start, ms", Kind.MS, 16),
    Column("end, ms", Kind.MS, 16),
    Column("ratings by formula", Kind.FORMULA, 17),
    Column("their stars, millionths", Kind.FORMULA, 21),
    Column("mean cut, millionths", Kind.FORMULA, 19),
    Column("mean by formula", Kind.MEAN_FORMULA, 16),
    Column("ratings as written", width=17),
    Column("mean as written", Kind.MEAN, 16),
    Column("revision", width=9),
    Column("difference of ratings", Kind.FORMULA, 19, "difference_of_ratings"),
    Column("difference of means", Kind.MEAN_FORMULA, 19, "difference_of_means"),
)

CHECK = "check"
"""The sheet that holds ratings and windows side by side."""

BESIDE = len(RATINGS) + 1
"""Where the windows begin; the column before them is empty."""

PRODUCTS = 2
"""Which column of the windows holds the product's id."""

MEANS = 10
"""Which column of the windows holds the mean by formula."""

ENDS = 4
"""Which column of the windows holds their ends to read."""


def rating_cells(rating: tuple[Any, ...], stars: Stars) -> list[Any]:
    """The cells of a rating, one a column of `RATINGS`."""
    number, kind, key, product, reviewer, step, event, arrival, time, since = rating
    value = float(stars.names[step])
    counted = int(kind == COUNTED)
    return [
        *(number, CLASSES[kind], counted, key, product, reviewer, value),
        *(event, arrival, event, arrival, time, since),
    ]


def window_cells(window: tuple[Any, ...], layout: "Layout", row: int) -> list[Any]:
    """The cells of a window, one a column of `WINDOWS`.

    Args:
        window: The window, as `Contents.windows` has it.
        layout: Where everything is.
        row: Its row, as a spreadsheet counts them.
    """
    label, key, product, start, end, count, mean, revision, first, last = window
    counted, stars, cut, average, *differences = layout.formulas(row, first, last)
    cells = [label, key, product, start, end, start, end, counted, stars, cut, average]
    return [*cells, count, mean, revision, *differences]


@dataclass(frozen=True, slots=True)
class Layout:
    """Where formulas find what they count.

    Attributes:
        ratings: The letters of the columns of the ratings, in the order of `RATINGS`.
        windows: Those of the windows.
        whole: Whether formulas look at all ratings, and so stay right however those are sorted;
            otherwise at those of their product only.
    """

    ratings: tuple[str, ...]
    windows: tuple[str, ...]
    whole: bool

    def formulas(self, row: int, first: int, last: int) -> tuple[str, ...]:
        """The formulas of one window.

        A mean is rounded half to even on the exact fraction, in whole numbers as below, for
        spreadsheets round half away from zero. They are below 2^53, so nothing is lost.

        Args:
            row: Its row, as a spreadsheet counts them.
            first: The first rating of its product, from 0.
            last: The last one.
        """
        at = [f"{letter}{row}" for letter in self.windows]
        key, start, end = at[1], at[5], at[6]
        count, stars, cut, mean, theirs, their_mean = at[7], at[8], at[9], at[10], at[11], at[12]
        cells = self._ratings(first, last)
        where = (
            f"{cells['rating_key']},{key},{cells['rating_counted']},1,"
            f'{cells["rating_time"]},">="&{start},{cells["rating_from"]},"<"&{end}'
        )
        half = f"2*({stars}-{cut}*{count})+MOD({cut},2)>{count}"
        return (
            f"=COUNTIFS({where})",
            f"=ROUND(SUMIFS({cells['rating_stars']},{where})*{MILLION},0)",
            f"=IF({count}=0,0,INT({stars}/{count}))",
            f"=({cut}+IF({half},1,0))/{MILLION}",
            f"={count}-{theirs}",
            f"={mean}-{their_mean}",
        )

    def _ratings(self, first: int, last: int) -> dict[str, str]:
        """What a formula says for each named column of the ratings."""
        return {
            column.name: column.name if self.whole else f"${at}${first + 2}:${at}${last + 2}"
            for column, at in zip(RATINGS, self.ratings, strict=True)
            if column.name
        }
