"""The SQL of a recomputation, second part: which ratings had come before.

Reads `timed` and `noted` of `starwatch.recompute.sql`; `again` is made first, for `noted` holds the
watermark at each rating of it.
"""
# ruff: noqa: S608 - what is put into the texts are integers of a job's rules

from starwatch.recompute.rules import DUPLICATE, Rules

IDENTITY = """
           rating_id AS id,
           CASE WHEN rating_id = '' THEN reviewer END AS by_whom,  -- NULL where there is an id
           CASE WHEN rating_id = '' THEN product END AS of_what,
           CASE WHEN rating_id = '' THEN own_ms END AS at_ms,
           CASE WHEN rating_id = '' THEN stars END AS with_stars"""
"""What a rating is known by: its id; by content reviewer, product, event time and stars."""

KNOWN_BY = "id, by_whom, of_what, at_ms, with_stars"
"""The columns of `IDENTITY`."""


def again(rules: Rules) -> str:
    """The table `again`: ratings that share what they are known by with another one.

    The key is the rating id; by content also reviewer, product, event time and stars, where there
    are a reviewer and an event time of its own. Hashes only leave out what is surely alone.
    """
    return f"""
CREATE OR REPLACE TABLE again AS
WITH known AS (
    SELECT seq, time_ms, {IDENTITY},
           hash({KNOWN_BY}) AS mark
    FROM timed
    WHERE ({known(rules.duplicates)}) AND reason IS NULL
)
SELECT * EXCLUDE (mark)
FROM known
SEMI JOIN (SELECT mark FROM known GROUP BY mark HAVING count(*) > 1) USING (mark)
"""


def rememberable(rules: Rules) -> str:
    """How many ratings have something to know them by again."""
    return f"SELECT count(*) FROM timed WHERE ({known(rules.duplicates)}) AND reason IS NULL"


def ranks(rules: Rules) -> str:
    """The table `ranks`: for each of `again`, how many came before that can be remembered."""
    return f"""
CREATE OR REPLACE TABLE ranks AS
SELECT again.seq, rank
FROM (SELECT seq, row_number() OVER (ORDER BY seq) - 1 AS rank
      FROM timed WHERE ({known(rules.duplicates)}) AND reason IS NULL)
JOIN again USING (seq)
"""


def repeated(rules: Rules, *, crowded: bool) -> str:
    """The table `repeated`: duplicates among `again`.

    The first of a kind is remembered. The next one that counts is the first that comes when the
    watermark has passed the time of the one before by the horizon, or, where the memory is crowded,
    when that one has been pushed out by younger first arrivals. All others are duplicates.

    Args:
        rules: The job's rules.
        crowded: Whether there are more ratings to remember than places. The numbers of first
            arrivals before each rating come from an earlier guess at the duplicates, the table
            `guess`; the true ones are those that reproduce themselves.
    """
    pushed = f"OR later.arrivals - first.arrivals > {rules.max_entries}" if crowded else ""
    arrivals = (
        "rank - coalesce(sum((guess.seq IS NOT NULL)::INTEGER) OVER (ORDER BY again.seq"
        " ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING), 0)"
        if crowded
        else "0::BIGINT"
    )
    joins = "JOIN ranks USING (seq) LEFT JOIN guess USING (seq)" if crowded else ""
    return f"""
CREATE OR REPLACE TABLE repeated AS
WITH RECURSIVE kinds AS (
    SELECT again.seq, again.time_ms, noted.before_ms,
           {arrivals} AS arrivals,
           dense_rank() OVER (ORDER BY {KNOWN_BY}) AS kind
    FROM again JOIN noted USING (seq) {joins}
    WHERE noted.place IS NULL
),
first_arrivals AS (
    SELECT kind, min(seq) AS seq, arg_min(time_ms, seq) AS time_ms,
           arg_min(arrivals, seq) AS arrivals
    FROM kinds GROUP BY kind
    UNION ALL
    SELECT later.kind, min(later.seq), arg_min(later.time_ms, later.seq),
           arg_min(later.arrivals, later.seq)
    FROM first_arrivals AS first
    JOIN kinds AS later ON later.kind = first.kind AND later.seq > first.seq
    WHERE later.before_ms >= first.time_ms + {rules.horizon_ms} {pushed}
    GROUP BY later.kind
)
SELECT seq FROM kinds ANTI JOIN first_arrivals USING (seq)
"""


REPEATED_ELSEWHERE = f"""
-- The duplicates that another engine found.
CREATE OR REPLACE TABLE repeated AS SELECT seq FROM timed WHERE given_class = {DUPLICATE}
"""

NEWS = """
-- How far the last guess at the duplicates was from what it led to.
SELECT count(*) FROM ((FROM guess EXCEPT FROM repeated) UNION ALL (FROM repeated EXCEPT FROM guess))
"""


def known(duplicates: str) -> str:
    """Whether a rating has something to know it by again.

    Args:
        duplicates: `off`, `ids` or `content`.
    """
    if duplicates == "off":
        return "false"
    if duplicates == "ids":
        return "rating_id <> ''"
    return "rating_id <> '' OR (reviewer <> '' AND own_ms IS NOT NULL)"
