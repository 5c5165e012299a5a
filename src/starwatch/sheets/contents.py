"""What a validation sheet shows: every rating, and every window beside it, by SQL.

Reads the relations of a recomputation (`starwatch.recompute.run`) and the table `written` of the
rows that are to be checked (`starwatch.recompute.written`).
"""
# ruff: noqa: S608 - what is put into the texts are integers of a job's rules

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from starwatch.errors import BadSetting
from starwatch.recompute.rules import COUNTED, Rules

MOST_ROWS = (1 << 20) - 1
"""Rows of a sheet, less its heading: every spreadsheet of the xlsx format has 1,048,576."""

_AT_ONCE = 4096


@dataclass(frozen=True, slots=True)
class Stretch:
    """The windows of one product and spec, which lie below each other.

    Attributes:
        product: The product.
        first: Its first window, counted from 0.
        last: Its last one.
    """

    product: str
    first: int
    last: int


class Contents:
    """The ratings and windows of a sheet.

    Every product gets a number, for a spreadsheet takes `0000143502` and `143502` for the same and
    `a*` for a pattern. Of each window that was recomputed or written there is the row of its
    highest revision; they lie sorted by spec, product and end.

    Attributes:
        ratings_number: How many ratings there are.
        windows_number: How many windows.
        refused_number: How many inputs were refused before they were ratings.

    Args:
        database: The DuckDB connection of a recomputation, with the table `written`.
        rules: The job's rules.

    Raises:
        BadSetting: there are more rows than a sheet has.
    """

    def __init__(self, database: Any, rules: Rules) -> None:
        self._database = database
        self._rules = rules
        database.execute(_PRODUCTS)
        database.execute(_WINDOWS)
        self.ratings_number = _number(database, "SELECT count(*) FROM ratings")
        self.windows_number = _number(database, "SELECT count(*) FROM sheet_windows")
        self.refused_number = _number(database, "SELECT coalesce(sum(number), 0) FROM rejects")
        _check(self.ratings_number, self.windows_number)

    def ratings(self) -> Iterator[tuple[Any, ...]]:
        """The ratings by product, those of one in order of arrival.

        Yields:
            Its number in order of arrival from 1, class, key and id of the product, reviewer, step
            of its stars, event time or None, arrival, window time, and `from`: it enters windows
            that end after that.
        """
        return _all(self._database, _ratings(self._rules))

    def windows(self) -> Iterator[tuple[Any, ...]]:
        """The windows, sorted.

        Yields:
            Label, key and id of the product, start, end, and as written: count, mean, revision;
            these three are None where it was not written. At last where the first and the last
            rating of its product are among all, from 0.
        """
        return _all(self._database, _LISTED)

    def longest(self, at_most: int) -> list[Stretch]:
        """The products with the most windows of the first spec."""
        return [Stretch(*row) for row in self._database.execute(_LONGEST, [at_most]).fetchall()]


def check_room(database: Any) -> None:
    """Refuse what has no room in a sheet, before anything is compared.

    Raises:
        BadSetting: there are more rows than a sheet has.
    """
    windows = _number(database, "SELECT count(*) FROM rows WHERE revision = 0")
    _check(_number(database, "SELECT count(*) FROM ratings"), windows)


def _check(ratings: int, windows: int) -> None:
    for number, what in ((ratings, "ratings"), (windows, "windows")):
        if number > MOST_ROWS:
            raise BadSetting(
                f"there are {number:,} {what}, and a sheet has room for {MOST_ROWS:,}",
                hint="Replay and verify fewer ratings, with --limit, or leave --excel out",
            )


_PRODUCTS = """
-- Each product with its key, and with its first and last rating as they are sorted by that key.
CREATE OR REPLACE TABLE sheet_products AS
WITH products AS (
    SELECT product, sum(number) AS number
    FROM (SELECT product, count(*) AS number FROM ratings GROUP BY product
          UNION ALL SELECT DISTINCT product, 0 FROM rows
          UNION ALL SELECT DISTINCT product, 0 FROM written)
    GROUP BY product
)
SELECT product, row_number() OVER so_far AS key, sum(number) OVER so_far - 1 AS last,
       last - greatest(number, 1) + 1 AS first
FROM products
WINDOW so_far AS (ORDER BY product ROWS UNBOUNDED PRECEDING)
"""

_WINDOWS = """
CREATE OR REPLACE TABLE sheet_windows AS
WITH last_written AS (
    SELECT * FROM written
    QUALIFY row_number() OVER (
        PARTITION BY "window", product, end_ms ORDER BY revision DESC, number DESC) = 1
),
recomputed AS (SELECT DISTINCT spec, "window", product, start_ms, end_ms FROM expected)
SELECT row_number() OVER (ORDER BY spec NULLS LAST, "window", key, end_ms) - 1 AS place,
       spec, "window", key, product,
       coalesce(last_written.start_ms, recomputed.start_ms) AS start_ms, end_ms,
       count, mean, revision, first::BIGINT AS first, last::BIGINT AS last
FROM recomputed FULL JOIN last_written USING ("window", product, end_ms)
JOIN sheet_products USING (product)
"""

_LISTED = """
SELECT "window", key, product, start_ms, end_ms, count,
       CASE WHEN isfinite(TRY_CAST(mean AS DOUBLE)) THEN TRY_CAST(mean AS DOUBLE) END, revision,
       first, last
FROM sheet_windows ORDER BY place
"""

_LONGEST = """
SELECT product, min(place), max(place) FROM sheet_windows
WHERE spec = (SELECT min(spec) FROM sheet_windows)
GROUP BY product ORDER BY count(*) DESC, product LIMIT ?
"""


def _ratings(rules: Rules) -> str:
    """All ratings with what became of them.

    A window is gone for a rating that met a watermark at or past its end and the allowed lateness.
    So a rating enters those of its windows that end after the watermark less the lateness. Where
    that is before its own time, which every window of its ends after, it enters all of them.
    """
    return f"""
SELECT seq + 1, coalesce(special.class, {COUNTED}), key, product, reviewer, stars, own_ms,
       arrival_ms, time_ms,
       greatest(time_ms, coalesce(before_ms - {rules.lateness_ms}, time_ms)) AS from_ms
FROM timed LEFT JOIN special USING (seq) JOIN sheet_products USING (product)
ORDER BY key, seq
"""


def _number(database: Any, query: str) -> int:
    return int(database.execute(query).fetchall()[0][0])


def _all(database: Any, query: str) -> Iterator[tuple[Any, ...]]:
    """The rows of a query, some at a time, on a cursor of their own."""
    with database.cursor() as cursor:
        cursor.execute(query)
        while rows := cursor.fetchmany(_AT_ONCE):
            yield from rows
