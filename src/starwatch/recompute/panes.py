"""Proves the panes of a history: what they sum up to is counted again from the ratings, by SQL.

A pane is known by product, start and the watermark that its ratings met: null where that was not
past the end of the pane by more than the allowed lateness, else that watermark rounded down to
whole panes, the lateness apart.
"""
# ruff: noqa: S608 - what is put into the texts are integers and names of columns

from typing import Any

import duckdb

from starwatch.errors import BadState
from starwatch.recompute.drawing import PaneSource, take_panes
from starwatch.recompute.rules import COUNTED, LATE, Rules, Windows
from starwatch.recompute.sql import shift_ms, timed

BACKFILLED_MS = 864 * 10**12
"""What backfilled ratings are said to have met; these panes are of no journalled rating."""


def other_panes(database: Any, rules: Rules, tier_ms: int, source: PaneSource) -> int:
    """How many panes of one length are not what the journalled ratings give.

    Args:
        database: A DuckDB connection with the relation `ratings` (`starwatch.recompute.ratings`).
        rules: The job's rules.
        tier_ms: The length of the panes.
        source: Where they are; those that start before its `since_ms` are left out.

    Raises:
        BadState: a file of panes cannot be read.
    """
    try:
        database.execute(timed(rules))
        take_panes(database, tier_ms, source, rules.stars)
        query = _differing(rules, tier_ms, source.since_ms)
        return int(database.execute(query).fetchall()[0][0])
    except duckdb.OutOfMemoryException:
        raise
    except duckdb.Error as error:
        raise BadState(
            f"the panes cannot be read ({str(error).splitlines()[0]})",
            hint="Restore a backup of the state",
        ) from None


def _differing(rules: Rules, tier_ms: int, since_ms: int | None) -> str:
    """The number of keys at which counts of the ratings, less those of the panes, leave a rest."""
    columns = rules.stars.columns
    less = ", ".join(f"-{name}::HUGEINT AS {name}" for name in columns)
    rest = " OR ".join(f"sum({name}) <> 0" for name in columns)
    backfilled = BACKFILLED_MS // tier_ms * tier_ms + rules.lateness_ms
    since = "true" if since_ms is None else f"start_ms >= {since_ms}"
    return f"""
SELECT count(*) FROM (
    SELECT product, start_ms, met_ms
    FROM (
        SELECT * FROM ({_counted(rules, tier_ms)})
        UNION ALL
        SELECT product, start_ms, met_ms, {less} FROM panes_{tier_ms}
        WHERE met_ms IS DISTINCT FROM {backfilled}
    )
    WHERE {since}
    GROUP BY product, start_ms, met_ms
    HAVING {rest}
)
"""


def _counted(rules: Rules, tier_ms: int) -> str:
    """The panes that the journalled ratings give."""
    late = rules.lateness_ms
    start = _floor("time_ms", tier_ms)
    met = f"{_floor(f'given_met_ms - {late}', tier_ms)} + {late}"
    counts = ", ".join(
        f"(count(*) FILTER (stars = {step}))::HUGEINT AS {name}"
        for step, name in enumerate(rules.stars.columns)
    )
    return f"""
    SELECT product, start_ms, CASE WHEN met >= start_ms + {tier_ms + late} THEN met END AS met_ms,
           {counts}
    FROM (
        SELECT product, stars, {start} AS start_ms, {met} AS met
        FROM timed WHERE given_class IN ({COUNTED}, {LATE})
    )
    GROUP BY ALL"""


def _floor(time: str, tier_ms: int) -> str:
    """A time rounded down to whole panes."""
    shift = shift_ms(Windows("", tier_ms, tier_ms))
    return f"(({time} + {shift}) // {tier_ms} * {tier_ms} - {shift})"
