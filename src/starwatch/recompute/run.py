"""Runs a recomputation: from the relations of inputs to rows and books."""

from collections import Counter
from dataclasses import dataclass, field
from typing import Any

import pyarrow as pa

from starwatch.recompute import sql, sql_duplicates, sql_windows
from starwatch.recompute.rules import COUNTED, DUPLICATE, LATE, Rules
from starwatch.recompute.sql import Membership


@dataclass(frozen=True, slots=True)
class SpecCounts:
    """The contributions of one spec: ratings times windows each belongs to.

    Attributes:
        expected: Counted ratings times size/slide.
        closed: In rows that were emitted, each correction once.
        open: In windows still to close.
        missed: To windows that were gone.
    """

    expected: int
    closed: int
    open: int
    missed: int


@dataclass(frozen=True, slots=True)
class Counts:
    """Both books as the recomputation has them.

    Attributes:
        received: All that came.
        counted: Those in windows.
        duplicate: Those that had come before.
        late: Those whose windows were all gone.
        rejected: Those that could not be counted.
        reasons: Rejects by reason.
        specs: One book a spec.
    """

    received: int
    counted: int
    duplicate: int
    late: int
    rejected: int
    reasons: dict[str, int] = field(default_factory=dict)
    specs: tuple[SpecCounts, ...] = ()

    @property
    def balanced(self) -> bool:
        """Whether both books balance; nothing here is computed from its other side."""
        classes = self.counted + self.duplicate + self.late + self.rejected
        return self.received == classes and all(
            book.expected == book.closed + book.open + book.missed for book in self.specs
        )


@dataclass(frozen=True, slots=True)
class LateWindow:
    """A window that ratings came too late for.

    Attributes:
        spec: Whose.
        end_ms: Its end.
        late: Ratings that were in no window at all.
        missed: Ratings that were counted in others.
    """

    spec: int
    end_ms: int
    late: int
    missed: int


class Recomputation:
    """All windows of all ratings, computed at once; done when this is made.

    Args:
        database: A DuckDB connection with the relations of `starwatch.recompute.ratings`.
        rules: The job's rules.
    """

    def __init__(self, database: Any, rules: Rules) -> None:
        self.database = database
        self.rules = rules
        run = database.execute
        run(sql.timed(rules))
        run(sql_duplicates.again(rules))
        self._watermarks()
        self._duplicates()
        run(sql.special(rules))
        special = self._number(sql_windows.ANY_SPECIAL) > 0
        run(sql_windows.counted(any_special=special))
        for spec in range(len(rules.windows)):
            run(sql_windows.totals(rules, spec, any_special=special))
        run(sql_windows.all_totals(rules))
        run(sql_windows.behind(rules))
        run(sql_windows.corrections(rules))
        run(sql_windows.rows(rules))

    @property
    def watermark_ms(self) -> int | None:
        """Where the watermark came to; `sql.END_OF_TIME` at the end of a replay."""
        found: int | None = self.database.execute(sql.FINAL_WATERMARK).fetchall()[0][0]
        return found

    def rows(self, *, emitted: bool = False) -> pa.Table:
        """All rows: spec, product, end_ms, a count of each step, revision.

        They are sorted by end, spec and product, those of one window and product by revision; or
        `emitted`: a correction where its rating came, which is the same where there are none.
        """
        query = sql_windows.in_order(self.rules, emitted=emitted)
        return self.database.sql(query).to_arrow_table()

    def counts(self) -> Counts:
        """Both books."""
        classes: Counter[int] = Counter()
        for kind, number in self.database.execute(sql_windows.CLASSES).fetchall():
            classes[kind] += number
        reasons: Counter[str] = Counter()
        for reason, number in self.database.execute(sql_windows.REASONS).fetchall():
            reasons[reason] += number
        return Counts(
            received=self._number("SELECT count(*) FROM ratings")
            + self._number("SELECT coalesce(sum(number), 0) FROM rejects"),
            counted=classes[COUNTED],
            duplicate=classes[DUPLICATE],
            late=classes[LATE],
            rejected=reasons.total(),
            reasons=dict(reasons),
            specs=tuple(
                self._spec(spec, classes[COUNTED]) for spec in range(len(self.rules.windows))
            ),
        )

    def classes(self) -> list[int]:
        """The class of each rating in order; for tests, as it makes a list of all."""
        query = (
            f"SELECT coalesce(special.class, {COUNTED}) FROM ratings"  # noqa: S608 - a number
            " LEFT JOIN special USING (seq) ORDER BY seq"
        )
        return [kind for (kind,) in self.database.execute(query).fetchall()]

    def uncounted(self) -> list[tuple[int, int, int]]:
        """Partition, position and class of each rating that is in no window."""
        query = (
            "SELECT partition, position, special.class FROM special JOIN ratings USING (seq)"  # noqa: S608
            f" WHERE special.class <> {COUNTED} ORDER BY seq"
        )
        found: list[tuple[int, int, int]] = self.database.execute(query).fetchall()
        return found

    def other_classes(self) -> int:
        """How many ratings were journalled with another class than they come to here."""
        return self._number(sql_windows.OTHER_CLASSES)

    def other_met(self) -> int:
        """How many ratings were journalled as behind another watermark than they are here."""
        return self._number(sql_windows.OTHER_MET)

    def late_windows(self, at_most: int = 5) -> list[LateWindow]:
        """The windows that most ratings came too late for."""
        query = f"{sql_windows.LATE_WINDOWS} LIMIT {at_most}"
        return [LateWindow(*row) for row in self.database.execute(query).fetchall()]

    def _watermarks(self) -> None:
        """Make `noted`, looking at each rating, and sorting them, only where it may matter."""
        members = [Membership(*row) for row in self.database.execute(sql.MEMBERSHIPS).fetchall()]
        sort = self._number(sql.MARKS_BETWEEN) > 0
        told = self.rules.elsewhere or self.rules.duplicates != "off"
        in_time = not (sort or told or self._number(sql.early_or_behind(self.rules)))
        self.database.execute(sql.noted(self.rules, members, sort=sort, in_time=in_time))
        if self._number(sql.UNORDERED):
            self.database.execute(sql.noted(self.rules, members, sort=True))
        if self.rules.elsewhere:
            self.database.execute(sql.MET_ELSEWHERE)

    def _duplicates(self) -> None:
        """Make `repeated`; a crowded memory is guessed at until the guess reproduces itself.

        What becomes of a rating depends only on those before it. So each guess is right for one
        more of them at least than the guess before, and one that reproduces itself is right.
        """
        run, rules = self.database.execute, self.rules
        if rules.elsewhere:
            run(sql_duplicates.REPEATED_ELSEWHERE)
            return
        run(sql_duplicates.repeated(rules, crowded=False))
        if self._number(sql_duplicates.rememberable(rules)) <= rules.max_entries:
            return
        run(sql_duplicates.ranks(rules))
        while True:
            run("CREATE OR REPLACE TABLE guess AS FROM repeated")
            run(sql_duplicates.repeated(rules, crowded=True))
            if not self._number(sql_duplicates.NEWS):
                return

    def _spec(self, spec: int, counted: int) -> SpecCounts:
        found = self.database.execute(sql_windows.spec_book(self.rules, spec)).fetchall()[0]
        return SpecCounts(counted * self.rules.windows[spec].panes, *map(int, found))

    def _number(self, query: str) -> int:
        return int(self.database.execute(query).fetchall()[0][0])
