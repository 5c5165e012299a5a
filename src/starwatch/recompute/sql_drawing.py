"""The SQL that draws windows from panes.

It reads relations with a row for each pane, or part of one: product, start_ms, met_ms, and a count
of each step (`docs/history.md` says what they are). Windows are numbered; number n ends at
`(n + 1) * slide - shift`. Panes are never laid out along time: a product without ratings costs
nothing, however long it has none.
"""
# ruff: noqa: S608 - what is put into the texts are integers, names and quoted texts

from collections.abc import Sequence
from dataclasses import dataclass

from starwatch.recompute.rules import Stars, Windows
from starwatch.recompute.sql import shift_ms
from starwatch.recompute.sql_means import mean_decimal, with_means

FEW = 12
"""Up to so many windows that hold a pane, each pane is added to each of them. Beyond it what enters
and leaves is summed up along time, which takes a sort, and then no longer for more windows."""

_PIECE = 256
"""Windows that are listed at once: DuckDB makes such a list of 2,048 stretches at a time."""


@dataclass(frozen=True, slots=True)
class Chosen:
    """Which windows of a history are drawn, and what counts in them.

    Attributes:
        upto_ms: The latest end.
        from_ms: The earliest start; None: from the first pane on.
        products: Only these; none: all.
        emitted: Leave out what came after a window was gone.
        lateness_ms: How long a closed window took corrections.
    """

    upto_ms: int
    from_ms: int | None = None
    products: tuple[str, ...] = ()
    emitted: bool = False
    lateness_ms: int = 0


def drawn(panes: str, windows: Windows, stars: Stars, chosen: Chosen) -> str:
    """A query for the windows of one spec: product, end_ms and a count of each step.

    Args:
        panes: The relation of panes, each as long as a whole part of the slide and of the offset.
        windows: The spec.
        stars: The scale.
        chosen: Which windows.
    """
    add = _each_added if windows.panes <= FEW else _summed_along_time
    counts = ", ".join(stars.columns)
    end = f"(number + 1) * {windows.slide_ms} - {shift_ms(windows)}"
    return f"""
SELECT product, {end} AS end_ms, {counts}
FROM ({add(_grouped(panes, windows, stars, chosen), windows, stars, _numbers(windows, chosen))})"""


def rows(parts: Sequence[str], windows: Sequence[Windows], stars: Stars, *, names: bool) -> str:
    """A query for the rows of a file, in their order.

    Its columns are spec, product, start_ms, end_ms, count, a count of each step, mean, and with a
    `catalogue` (product, name, category) name and category, null where there is none.

    Args:
        parts: A query for the windows of each spec.
        windows: The specs.
        stars: The scale.
        names: Whether there is a catalogue.
    """
    sizes = " ".join(f"WHEN {spec} THEN {w.size_ms}" for spec, w in enumerate(windows))
    more = ", nullif(name, '') AS name, nullif(category, '') AS category" if names else ""
    join = "LEFT JOIN catalogue USING (product)" if names else ""
    return f"""
WITH drawn AS ({every(parts)})
SELECT spec, product, end_ms - CASE spec {sizes} END AS start_ms, end_ms, count,
       {", ".join(stars.columns)},
       ({mean_decimal("scaled_mean")})::DECIMAL(18, 6) AS mean{more}
FROM ({with_means("drawn", stars)}) {join}
ORDER BY end_ms, spec, product"""


def every(parts: Sequence[str]) -> str:
    """The windows of all specs, with the number of their spec."""
    numbered = (
        f"SELECT {spec}::SMALLINT AS spec, * FROM ({part})" for spec, part in enumerate(parts)
    )
    return " UNION ALL ".join(numbered)


def _grouped(panes: str, windows: Windows, stars: Stars, chosen: Chosen) -> str:
    """Panes as slides of a product: of window `number` on up to `number_end`, which it is not in.

    A pane whose ratings came behind the watermark came too late for the windows that were gone.
    """
    slide, shift = windows.slide_ms, shift_ms(windows)
    bucket = f"(start_ms + {shift}) // {slide}"
    gone = f"(met_ms - {chosen.lateness_ms} + {shift}) // {slide}"
    first = f"greatest({bucket}, coalesce({gone}, {bucket}))" if chosen.emitted else bucket
    sums = ", ".join(f"sum({name})::BIGINT AS {name}" for name in stars.columns)
    where = [f"start_ms < {chosen.upto_ms}"]
    if chosen.from_ms is not None:
        where.append(f"start_ms >= {chosen.from_ms}")
    if chosen.products:
        where.append(f"product IN ({', '.join(map(quoted, chosen.products))})")
    return f"""
    SELECT product, {first} AS number, {bucket} + {windows.panes} AS number_end, {sums}
    FROM {panes}
    WHERE {" AND ".join(where)}
    GROUP BY ALL
    HAVING number < number_end"""


def _each_added(grouped: str, windows: Windows, stars: Stars, numbers: tuple[int, int]) -> str:
    """Each slide is added to each of its windows."""
    begin, stop = numbers
    sums = ", ".join(f"sum({name})::BIGINT AS {name}" for name in stars.columns)
    return f"""
    SELECT product, slides.number + later AS number, {sums}
    FROM ({grouped}) AS slides, range({windows.panes}) AS each_window(later)
    WHERE slides.number + later < least(number_end, {stop})
      AND slides.number + later >= {begin}
    GROUP BY ALL"""


def _summed_along_time(
    grouped: str, windows: Windows, stars: Stars, numbers: tuple[int, int]
) -> str:
    """A slide is added to its first window and taken away behind its last one.

    Between two such changes the windows of a product are all the same.
    """
    del windows
    begin, stop = numbers
    counts = ", ".join(stars.columns)
    minus = ", ".join(f"-{name}" for name in stars.columns)
    sums = ", ".join(f"sum({name})::BIGINT AS {name}" for name in stars.columns)
    levels = ", ".join(f"(sum({name}) OVER along)::BIGINT AS {name}" for name in stars.columns)
    return f"""
    WITH slides AS MATERIALIZED ({grouped}),
    changes AS (
        SELECT product, number, {sums} FROM (
            SELECT product, number, {counts} FROM slides
            UNION ALL
            SELECT product, number_end, {minus} FROM slides
        )
        GROUP BY product, number
    ),
    stretches AS (
        SELECT product, greatest(number, {begin}) AS first_one,
               least(lead(number) OVER along, {stop}) AS end_one, {levels}
        FROM changes
        WINDOW along AS (PARTITION BY product ORDER BY number)
    ),
    pieces AS (
        SELECT product, unnest(range(first_one, end_one, {_PIECE})) AS piece, end_one, {counts}
        FROM stretches
        WHERE {" + ".join(stars.columns)} > 0
    )
    SELECT product, unnest(range(piece, least(piece + {_PIECE}, end_one))) AS number, {counts}
    FROM pieces"""


def _numbers(windows: Windows, chosen: Chosen) -> tuple[int, int]:
    """The first number that is drawn, and the one behind the last."""
    slide, shift = windows.slide_ms, shift_ms(windows)
    stop = (chosen.upto_ms + shift) // slide
    if chosen.from_ms is None:
        return min(0, stop), stop
    return -(-(chosen.from_ms + windows.size_ms + shift) // slide) - 1, stop


def quoted(text: str) -> str:
    """A text as SQL writes it."""
    doubled = text.replace("'", "''")
    return f"'{doubled}'"
