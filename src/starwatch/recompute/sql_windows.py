"""The SQL of a recomputation, third part: windows, corrections, both books.

Reads `timed`, `noted` and `special` of `starwatch.recompute.sql`.
"""
# ruff: noqa: S608 - what is put into the texts are integers of a job's rules

from starwatch.recompute.rules import COUNTED, LATE, Rules
from starwatch.recompute.sql import FINAL_WATERMARK, shift_ms

ANY_SPECIAL = "SELECT count(*) FROM special"


def counted(*, any_special: bool) -> str:
    """The view `counted`: ratings in windows, with the watermark before those it may concern.

    Where no rating is special, all of them are counted in all of their windows.
    """
    source = (
        f"timed LEFT JOIN special USING (seq) WHERE coalesce(special.class, {COUNTED}) = {COUNTED}"
        if any_special
        else "timed"
    )
    before = "before_ms" if any_special else "NULL::BIGINT AS before_ms"
    return f"""
CREATE OR REPLACE VIEW counted AS
SELECT seq, product, stars, time_ms, {before} FROM {source}
"""


def totals(rules: Rules, spec: int, *, any_special: bool) -> str:
    """The table `totals_N` of one spec: each window of each product as it closes, open ones too.

    A pane is one slide of one product. A rating of pane p is in windows p to p + panes - 1; one
    behind the watermark comes too late for those whose end it has reached, and its `first` window
    is a later one. So panes are grouped by their first window as well, and each is added to the
    windows from there on.
    """
    windows, columns = rules.windows[spec], rules.stars.columns
    slide, shift = windows.slide_ms, shift_ms(windows)
    first, its_first = "pane", ""
    if any_special:
        first = "first"
        its_first = f"greatest(pane, (before_ms + {shift}) // {slide}) AS first,"
    counts = ",\n           ".join(
        f"count(*) FILTER (stars = {step}) AS {name}" for step, name in enumerate(columns)
    )
    sums = ", ".join(f"sum({name})::BIGINT AS {name}" for name in columns)
    in_window = f"WHERE first + later < pane + {windows.panes}" if any_special else ""
    return f"""
CREATE OR REPLACE TABLE totals_{spec} AS
WITH panes AS (
    SELECT product,
           (time_ms + {shift}) // {slide} AS pane,
           {its_first}
           {counts}
    FROM counted
    GROUP BY ALL
)
SELECT product, ({first} + later + 1) * {slide} - {shift} AS end_ms, {sums}
FROM panes, range({windows.panes}) AS each_window(later)
{in_window}
GROUP BY ALL
"""


def all_totals(rules: Rules) -> str:
    """The view `totals`: the tables of all specs as one."""
    parts = " UNION ALL ".join(
        f"SELECT {spec}::SMALLINT AS spec, * FROM totals_{spec}"
        for spec in range(len(rules.windows))
    )
    return f"CREATE OR REPLACE VIEW totals AS {parts}"


def behind(rules: Rules) -> str:
    """The table `behind`: windows whose end the watermark had reached before their rating came.

    `gone` ones take nothing any more; the others are corrected.
    """
    parts = " UNION ALL ".join(
        f"""
    SELECT special.seq, class, before_ms, {spec}::SMALLINT AS spec, product, stars,
           ((time_ms + {shift_ms(w)}) // {w.slide_ms} + later + 1) * {w.slide_ms} - {shift_ms(w)}
               AS end_ms
    FROM special JOIN timed USING (seq), range({w.panes}) AS each_window(later)
    WHERE class IN ({COUNTED}, {LATE})"""
        for spec, w in enumerate(rules.windows)
    )
    return f"""
CREATE OR REPLACE TABLE behind AS
SELECT seq, class, before_ms, spec, product, stars, end_ms,
       before_ms >= end_ms + {rules.lateness_ms} AS gone
FROM ({parts})
WHERE end_ms <= before_ms
"""


def corrections(rules: Rules) -> str:
    """The table `corrections`: a closed window once more for each late rating that it took.

    Each holds what the window held as it closed and all late ratings up to its own. The revision
    counts the rows before it: the closing one, if there was one, and earlier corrections.
    """
    columns = rules.stars.columns
    sums = ",\n       ".join(
        f"coalesce(totals.{name}, 0) + count(*) FILTER (behind.stars = {step}) OVER so_far"
        f" AS {name}"
        for step, name in enumerate(columns)
    )
    return f"""
CREATE OR REPLACE TABLE corrections AS
SELECT behind.seq, behind.before_ms, behind.spec, behind.product, behind.end_ms,
       {sums},
       (totals.spec IS NOT NULL)::INTEGER + row_number() OVER so_far - 1 AS revision
FROM behind LEFT JOIN totals USING (spec, product, end_ms)
WHERE NOT behind.gone
WINDOW so_far AS (
    PARTITION BY behind.spec, behind.product, behind.end_ms
    ORDER BY behind.seq ROWS UNBOUNDED PRECEDING
)
"""


def rows(rules: Rules) -> str:
    """The view `rows`: every row that was to be emitted; windows still open are not in it.

    `watermark` and `late_seq` tell when: as the watermark reached the end, or with the late rating
    of that number, where the watermark stood before it. All that had closed by then came first.
    """
    columns = ", ".join(rules.stars.columns)
    return f"""
CREATE OR REPLACE VIEW rows AS
SELECT spec, product, end_ms, {columns}, 0::INTEGER AS revision,
       end_ms AS watermark, -1::BIGINT AS late_seq
FROM totals
WHERE end_ms <= ({FINAL_WATERMARK})
UNION ALL
SELECT spec, product, end_ms, {columns}, revision::INTEGER, before_ms, seq FROM corrections
"""


EMITTED = "watermark, late_seq, end_ms, spec, product"
"""What rows are sorted by to stand as they were emitted."""


def in_order(rules: Rules, *, emitted: bool) -> str:
    """The rows as emitted, or by end, spec and product: DuckDB compares texts by UTF-8 bytes."""
    columns = ", ".join(rules.stars.columns)
    return f"""
SELECT spec, product, end_ms, {columns}, revision
FROM rows
ORDER BY {EMITTED if emitted else "end_ms, spec, product, revision"}
"""


CLASSES = f"""
-- How many ratings of each class.
SELECT class, count(*) FROM special WHERE class <> {COUNTED} GROUP BY class
UNION ALL
SELECT {COUNTED}, count(*) FROM counted
"""

REASONS = """
SELECT reason, count(*) FROM timed WHERE reason IS NOT NULL GROUP BY reason
UNION ALL
SELECT reason, number FROM rejects
"""

OTHER_CLASSES = f"""
-- Ratings that were journalled with another class than they come to.
SELECT count(*) FROM timed LEFT JOIN special USING (seq)
WHERE given_class <> coalesce(special.class, {COUNTED})
"""

OTHER_MET = """
-- Ratings that were journalled as behind another watermark than they come to be.
SELECT count(*) FROM timed LEFT JOIN (
    SELECT seq, before_ms FROM noted WHERE place IS NULL AND before_ms > time_ms
) AS behind USING (seq)
WHERE given_met_ms IS DISTINCT FROM before_ms
"""


def spec_book(rules: Rules, spec: int) -> str:
    """Contributions of a spec: in rows that closed, in corrections, in open windows, missed."""
    number = " + ".join(rules.stars.columns)
    final = f"coalesce(({FINAL_WATERMARK}), {-(1 << 62)})"
    return f"""
SELECT coalesce(sum({number}) FILTER (end_ms <= {final}), 0)
           + (SELECT count(*) FROM corrections WHERE spec = {spec}) AS closed,
       coalesce(sum({number}) FILTER (end_ms > {final}), 0) AS still_open,
       (SELECT count(*) FROM behind WHERE spec = {spec} AND gone AND class = {COUNTED}) AS missed
FROM totals_{spec}
"""


LATE_WINDOWS = f"""
-- Which windows late ratings came too late for: how many were in no window, how many in others.
SELECT spec, end_ms,
       count(*) FILTER (class = {LATE}) AS late,
       count(*) FILTER (class = {COUNTED}) AS missed
FROM behind
WHERE gone
GROUP BY spec, end_ms
ORDER BY late + missed DESC, end_ms, spec
"""
