"""Compares the rows of a recomputation with rows that were written, to the digit."""
# ruff: noqa: S608 - what is put into the texts are integers and labels of a job's rules

from dataclasses import dataclass, field
from typing import Any

from starwatch.recompute.rules import COUNTED, Rules
from starwatch.recompute.sql_means import mean_decimal, with_means
from starwatch.recompute.sql_windows import EMITTED

EXAMPLES = 3
"""How many differences of each kind are shown."""

_KEY = '"window", product, end_ms, revision'


@dataclass(frozen=True, slots=True)
class Cause:
    """The rating by which a difference can be looked into.

    Attributes:
        partition: By which it came.
        position: Its row or offset there.
        kind: The class that it comes to, as `starwatch.recompute.rules` numbers them.
        behind: Whether the watermark was past one of its windows.
    """

    partition: int
    position: int
    kind: int
    behind: bool


@dataclass(frozen=True, slots=True)
class Difference:
    """A row that is not the same on both sides.

    Attributes:
        kind: `differing`, `missing` or `extra`.
        window: The label of its spec.
        product: Its product.
        end_ms: The end of its window.
        revision: Its revision.
        expected: Counts of each step and mean as recomputed; empty for an extra row.
        written: The same as written; empty for a missing row.
        cause: The first late rating of this product and window, or else the first rating; None
            where there is none.
    """

    kind: str
    window: str
    product: str
    end_ms: int
    revision: int
    expected: str
    written: str
    cause: Cause | None


@dataclass(frozen=True, slots=True)
class Comparison:
    """How many rows are the same.

    Attributes:
        equal: In everything: window, product, start, end, counts, mean and revision.
        differing: On both sides, but not the same.
        missing: Recomputed, and not written.
        extra: Written, and not recomputed; a row that was written twice is one of them.
        misplaced: Written behind a row that was emitted later.
        examples: The first few that differ, of each kind.
    """

    equal: int
    differing: int
    missing: int
    extra: int
    misplaced: int
    examples: list[Difference] = field(default_factory=list)

    @property
    def agree(self) -> bool:
        """Whether all rows are there, the same, and in order."""
        return not (self.differing or self.missing or self.extra or self.misplaced)


def prepare(database: Any, rules: Rules) -> None:
    """Make the view `expected`: the rows of a recomputation as a file has them."""
    database.execute(_expected(rules))


def compare(database: Any, rules: Rules) -> Comparison:
    """Compare `rows`, what a recomputation has, with `written`, what a file has.

    Both are relations of this DuckDB connection: see `starwatch.recompute.run` and
    `starwatch.recompute.written`.
    """
    run = database.execute
    prepare(database, rules)
    run(_beside(rules, copies=False))
    found = dict(run(_KINDS).fetchall())
    wanted = run("SELECT count(*) FROM rows").fetchall()[0][0]
    if sum(found.get(kind, 0) for kind in ("equal", "differing", "missing")) > wanted:
        run(_beside(rules, copies=True))
        found = dict(run(_KINDS).fetchall())
    misplaced = run(_MISPLACED).fetchall()[0][0]
    return Comparison(
        **{kind: found.get(kind, 0) for kind in ("equal", "differing", "missing", "extra")},
        misplaced=misplaced,
        examples=[
            _difference(database, rules, row)
            for kind in ("differing", "missing", "extra")
            if found.get(kind)
            for row in run(_examples(rules), [kind]).fetchall()
        ],
    )


def _expected(rules: Rules) -> str:
    """The view `expected`: rows with their labels, counts and means as a file has them.

    The mean is rounded once, half to even, on the exact fraction of two whole numbers.
    """
    stars = rules.stars
    labels = _labels(rules)
    sizes = " ".join(f"WHEN {spec} THEN {w.size_ms}" for spec, w in enumerate(rules.windows))
    return f"""
CREATE OR REPLACE VIEW expected AS
SELECT CASE spec {labels} END AS "window", product, end_ms,
       end_ms - CASE spec {sizes} END AS start_ms, {", ".join(stars.columns)}, count,
       scaled_mean, revision, spec, watermark, late_seq
FROM ({with_means("rows", stars)})
"""


def _labels(rules: Rules) -> str:
    """Arms of a CASE from a spec's number to its label."""
    quoted = [w.label.replace("'", "''") for w in rules.windows]
    return " ".join(f"WHEN {spec} THEN '{label}'" for spec, label in enumerate(quoted))


def _mean_text(scaled: str) -> str:
    """A mean in millionths as text: `-0.500000`."""
    return f"({mean_decimal(scaled)})::VARCHAR"


def _beside(rules: Rules, *, copies: bool) -> str:
    """The table `beside`: each row of both sides beside its partner, with what they are.

    With `copies`, where a row was written several times only the first has a partner.
    """
    same = " AND ".join(
        f"expected.{name} IS NOT DISTINCT FROM written.{name}"
        for name in ["start_ms", *rules.stars.columns, "count"]
    )
    nth = f"row_number() OVER (PARTITION BY {_KEY} ORDER BY number)" if copies else "1"
    return f"""
CREATE OR REPLACE TABLE beside AS
SELECT CASE WHEN written.number IS NULL THEN 'missing'
            WHEN expected.count IS NULL THEN 'extra'
            WHEN {same} AND {_mean_text("scaled_mean")} IS NOT DISTINCT FROM written.mean
                THEN 'equal'
            ELSE 'differing' END AS kind,
       "window", product, end_ms, revision, written.number, spec, watermark, late_seq
FROM (SELECT *, 1 AS nth FROM expected) AS expected
FULL JOIN (SELECT *, {nth} AS nth FROM written) AS written
    USING ({_KEY}, nth)
"""


_KINDS = "SELECT kind, count(*) FROM beside GROUP BY kind"


_MISPLACED = f"""
SELECT count(*) FROM (
    SELECT ({EMITTED}) AS place, lag(place) OVER (ORDER BY number) AS previous
    FROM beside WHERE kind IN ('equal', 'differing')
)
WHERE place < previous
"""


def _examples(rules: Rules) -> str:
    """The first differences of one kind, with both sides as text."""
    counts = [f"{{}}.{name}" for name in rules.stars.columns]
    sides = [
        f"concat_ws(' ', {', '.join(c.format(side) for c in counts)},"
        f" 'of', {side}.count, 'mean', {mean})"
        for side, mean in (
            ("expected", _mean_text("expected.scaled_mean")),
            ("written", "written.mean"),
        )
    ]
    return f"""
WITH first_ones AS (
    SELECT * FROM beside WHERE kind = ?
    ORDER BY end_ms, "window", product, revision LIMIT {EXAMPLES}
)
SELECT kind, first_ones."window", first_ones.product, first_ones.end_ms, first_ones.revision,
       CASE WHEN kind <> 'extra' THEN {sides[0]} ELSE '' END,
       CASE WHEN kind <> 'missing' THEN {sides[1]} ELSE '' END
FROM first_ones
LEFT JOIN expected USING ({_KEY})
LEFT JOIN written ON written.number = first_ones.number
ORDER BY first_ones.end_ms, first_ones."window", first_ones.product, first_ones.revision
"""


def _difference(database: Any, rules: Rules, row: tuple[Any, ...]) -> Difference:
    kind, window, product, end_ms, revision, expected, written = row
    size = next((w.size_ms for w in rules.windows if w.label == window), 0)
    query = f"""
SELECT partition, position, coalesce(special.class, {COUNTED}), before_ms IS NOT NULL
FROM timed LEFT JOIN special USING (seq)
WHERE product = ? AND time_ms >= ? AND time_ms < ?
ORDER BY before_ms IS NULL, seq LIMIT 1"""
    found = database.execute(query, [product, end_ms - size, end_ms]).fetchall()
    cause = Cause(*found[0]) if found else None
    return Difference(kind, window, product, end_ms, revision, expected, written, cause)
