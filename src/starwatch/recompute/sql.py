"""The SQL of a recomputation, first part: watermarks, and what became of each rating.

The texts read two relations, in order (`starwatch.recompute.ratings` makes them):

- `ratings`: seq, arrival_ms, partition, position, product, reviewer, stars, event_ms, rating_id,
  class, met_ms; `seq` rises by one.
- `marks`: place, after, kind, partition, at_ms, value, watermark_ms; a mark stands before the
  rating with `seq = after`, and several at one place in the order of `place`. A partition holds
  the watermark from its `join` to its `leave`, but for the stretches between a `busy` mark that
  says false and one that says true. Changes of `busy` take hold together with the next rating or
  other mark. `watermark_ms` is a lower bound of the job's watermark from there on.

Only ratings that are something special are written down: those behind the watermark, refused ones,
repetitions. Of all others it is known that they were counted in every window of theirs.
"""
# ruff: noqa: S608 - what is put into the texts are integers of a job's rules

from collections.abc import Sequence
from dataclasses import dataclass

from starwatch.recompute.rules import (
    COUNTED,
    DUPLICATE,
    IN_FUTURE,
    LATE,
    REJECTED,
    TOO_OLD,
    Rules,
    Windows,
)

NO_TIME = -(1 << 63)
"""What stands for an event time where a rating has none."""

END_OF_TIME = 10**18
"""The watermark at the end of a replay: beyond every time, and small enough to be added to."""

LAST_PLACE = 1 << 62
"""The place of the step behind everything, which shows where the watermark came to."""

_EARLIEST_MS = 10**14
"""No time is so long before 1970. DuckDB cuts quotients towards zero; with this added it cuts
them downwards."""


@dataclass(frozen=True, slots=True)
class Membership:
    """A partition from one join to its leave.

    Attributes:
        partition: Its number.
        joined: The place of its join among the marks.
        left: That of its leave.
        first: The number of the first rating that can be its own.
        end: That of the first one that cannot any more.
        changing: Whether marks say of it that it holds the watermark or not.
        all_ratings: Whether every rating is its own.
    """

    partition: int
    joined: int
    left: int
    first: int
    end: int
    changing: bool
    all_ratings: bool

    def top(self) -> str:
        """How far it has come, by its ratings up to a step."""
        if self.all_ratings:
            return "max(reach) OVER so_far"
        mine = f"lane = {self.partition} AND seq >= {self.first} AND seq < {self.end}"
        return f"max(reach) FILTER ({mine} AND place IS NULL) OVER so_far"

    def busy(self) -> str:
        """Whether it holds the watermark at a step."""
        if self.changing:
            mine = f"lane = {self.partition} AND place >= {self.joined} AND place <= {self.left}"
            return f"arg_max(busy, place) FILTER ({mine}) OVER so_far"
        return f"""CASE WHEN place IS NULL THEN seq >= {self.first} AND seq < {self.end}
                ELSE place >= {self.joined} AND place < {self.left} END"""


MEMBERSHIPS = f"""
-- Which partitions were there, and from when to when.
SELECT joins.partition, joins.place,
       coalesce(min(leaves.place), {LAST_PLACE + 1}),
       joins.after AS first,
       coalesce(min(leaves.after), {LAST_PLACE}) AS "end",
       EXISTS (FROM marks WHERE kind = 'busy' AND partition = joins.partition),
       (SELECT coalesce(min(seq) >= first AND max(seq) < "end", true) FROM ratings)
           AND (SELECT count(*) FROM marks WHERE kind = 'join') = 1
FROM marks AS joins
LEFT JOIN marks AS leaves
       ON leaves.kind = 'leave'
      AND leaves.partition = joins.partition
      AND leaves.place > joins.place
WHERE joins.kind = 'join'
GROUP BY joins.partition, joins.place, joins.after
ORDER BY joins.place
"""

MARKS_BETWEEN = """
-- How many marks lie between ratings. Where none does, ratings need not be sorted among marks.
SELECT count(*) FROM marks, (SELECT min(seq) AS first, max(seq) AS last FROM ratings)
WHERE after > first AND after <= last
"""


def early_or_behind(rules: Rules) -> str:
    """How many ratings may be behind the watermark, or do not stand in their order.

    Whatever partitions there are, ratings bring the watermark at most to the largest reach so far,
    less the bound; else only a mark before the last rating could have told one.
    """
    return f"""
SELECT (SELECT count(*) FROM marks
        WHERE (watermark_ms IS NOT NULL OR kind = 'finish')
          AND after <= (SELECT max(seq) FROM ratings))
     + (SELECT count(*) FROM (
            SELECT time_ms < max(reach) OVER (ROWS UNBOUNDED PRECEDING) - {rules.bound_ms}
                   OR lag(seq) OVER () > seq AS perhaps
            FROM timed)
        WHERE perhaps)
"""


def shift_ms(windows: Windows) -> int:
    """What is added to a time so that its quotient by the slide is the number of its pane.

    Pane p is `[p * slide - shift, (p + 1) * slide - shift)`; window w ends where pane w ends.
    """
    return -(-_EARLIEST_MS // windows.slide_ms) * windows.slide_ms - windows.offset_ms


def timed(rules: Rules) -> str:
    """The view `timed`: each rating with its window time, its reach, and why it is refused."""
    own = "NULL::BIGINT" if rules.by_arrival else "own_ms"
    reach = "least(time_ms, arrival_ms)" if rules.live else "time_ms"
    if rules.elsewhere:
        reach = "NULL::BIGINT"
    faults = []
    if rules.oldest_ms is not None:
        faults.append(f"WHEN own_ms < {rules.oldest_ms} THEN '{TOO_OLD}'")
    if rules.ahead_ms is not None:
        faults.append(f"WHEN own_ms > arrival_ms + {rules.ahead_ms} THEN '{IN_FUTURE}'")
    reason = f"CASE {' '.join(faults)} END" if faults else "NULL::VARCHAR"
    return f"""
CREATE OR REPLACE VIEW timed AS
SELECT seq, partition, position, product, reviewer, stars, rating_id, arrival_ms,
       class AS given_class, met_ms AS given_met_ms,
       {"0" if rules.merged else "partition"} AS lane,        -- which watermark it moves
       nullif(event_ms, {NO_TIME}) AS own_ms,                 -- its event time, if it has one
       coalesce({own}, arrival_ms) AS time_ms,                -- the window time
       {reason} AS reason,                                    -- why it is refused
       CASE WHEN reason IS NULL THEN {reach} END AS reach     -- how far it moves its watermark
FROM ratings
"""


def noted(rules: Rules, members: Sequence[Membership], *, sort: bool, in_time: bool = False) -> str:
    """The table `noted`: the watermark at marks, and at ratings that it may concern.

    Args:
        rules: The job's rules.
        members: What `MEMBERSHIPS` gave.
        sort: Whether ratings have to be sorted among the marks. Where not, `unordered` tells
            whether that was right.
        in_time: Whether it is known that no rating is behind the watermark, and no mark between
            ratings. Then only how far each partition came is looked at.
    """
    tops = [
        f"""
           {m.top()} AS top_{i},
           {m.busy()} AS busy_{i},"""
        for i, m in enumerate(members)
    ]
    silent = [f"coalesce(busy_{i} AND top_{i} IS NULL, false)" for i in range(len(members))]
    of_busy = [f"CASE WHEN busy_{i} THEN top_{i} END" for i in range(len(members))]
    standing = "NULL::BIGINT"
    if members:
        waiting = ["NOT settles"] if any(m.changing for m in members) else []
        held = " OR ".join([*silent, *waiting])
        standing = f"CASE WHEN NOT ({held}) THEN least({', '.join(of_busy)}) END"
    return f"""
CREATE OR REPLACE TABLE noted AS
WITH steps AS ({_steps(rules, sort=sort, in_time=in_time)}),
-- How far each partition has come, and whether it holds the others; both never look ahead.
tops AS (
    SELECT seq, place, time_ms, told_ms, settles, again,{"".join(tops)}
           lag(seq) OVER () > seq AS unordered
    FROM steps
    WINDOW so_far AS (ROWS UNBOUNDED PRECEDING)
),
-- The smallest of those that hold, if each of them has come anywhere; a mark may tell more.
wanted AS (
    SELECT seq, place, time_ms, again, unordered,
           greatest({standing} - {rules.bound_ms}, told_ms) AS wanted_ms
    FROM tops
),
-- A watermark never goes back.
moved AS (
    SELECT *, max(wanted_ms) OVER (ROWS UNBOUNDED PRECEDING) AS after_ms FROM wanted
),
seen AS (
    SELECT seq, place, time_ms, again, unordered, after_ms, lag(after_ms) OVER () AS before_ms
    FROM moved
)
SELECT seq, place, time_ms, before_ms, after_ms, unordered
FROM seen
WHERE place IS NOT NULL     -- marks,
   OR time_ms < before_ms   -- ratings behind the watermark, all others are in time,
   OR again                 -- ratings that may have come before
   OR unordered
"""


def _steps(rules: Rules, *, sort: bool, in_time: bool) -> str:
    """Ratings and marks as one relation; a mark stands before the rating of its number."""
    marks = f"""
    SELECT after AS seq, place, partition AS lane, NULL::BIGINT AS time_ms, NULL::BIGINT AS reach,
           CASE kind WHEN 'join' THEN true WHEN 'leave' THEN false WHEN 'busy' THEN value END
               AS busy,
           CASE WHEN kind = 'finish' OR watermark_ms > {END_OF_TIME} THEN {END_OF_TIME}
                ELSE watermark_ms END AS told_ms,
           kind <> 'busy' AS settles,
           false AS again
    FROM marks"""
    off = rules.duplicates == "off"
    is_again = "false" if off else "again.seq IS NOT NULL"
    if rules.elsewhere:
        is_again = f"given_class = {DUPLICATE} OR given_met_ms IS NOT NULL"
    ratings = f"""
    SELECT timed.seq, NULL::BIGINT AS place, lane, timed.time_ms, reach, NULL::BOOLEAN AS busy,
           NULL::BIGINT AS told_ms, true AS settles, {is_again} AS again
    FROM timed {"" if off else "LEFT JOIN again USING (seq)"}
    WHERE reason IS NULL"""
    if in_time:
        ratings = """
    SELECT * FROM (
        SELECT max(seq) AS seq, NULL::BIGINT AS place, lane, NULL::BIGINT AS time_ms,
               max(reach) AS reach, NULL::BOOLEAN AS busy, NULL::BIGINT AS told_ms,
               true AS settles, false AS again
        FROM timed WHERE reason IS NULL GROUP BY lane ORDER BY seq
    )"""
    last = f"""
    SELECT {LAST_PLACE}, {LAST_PLACE}, -1, NULL::BIGINT, NULL::BIGINT, NULL::BOOLEAN,
           NULL::BIGINT, true, false"""
    if sort:
        union = f"{marks} UNION ALL {ratings} UNION ALL {last}"
        return f"SELECT * FROM ({union}) ORDER BY seq, place NULLS LAST"
    first = "(SELECT coalesce(min(seq), 0) FROM ratings)"
    return f"""
    SELECT * FROM ({marks} WHERE after <= {first} ORDER BY place)
    UNION ALL {ratings}
    UNION ALL SELECT * FROM ({marks} WHERE after > {first} ORDER BY place)
    UNION ALL {last}"""


MET_ELSEWHERE = """
-- The watermark that another engine says a rating met, where that is ahead of this one's.
UPDATE noted SET before_ms = greatest(before_ms, given_met_ms)
FROM timed WHERE timed.seq = noted.seq AND place IS NULL AND given_met_ms IS NOT NULL
"""

UNORDERED = "SELECT count(*) FROM noted WHERE unordered"

FINAL_WATERMARK = f"SELECT after_ms FROM noted WHERE place = {LAST_PLACE}"


def special(rules: Rules) -> str:
    """The table `special`: ratings of which it is not sure that they are in all their windows."""
    gone = " AND ".join(
        f"before_ms >= ((time_ms + {shift_ms(w)}) // {w.slide_ms} + {w.panes}) * {w.slide_ms}"
        f" - {shift_ms(w)} + {rules.lateness_ms}"
        for w in rules.windows
    )
    return f"""
CREATE OR REPLACE TABLE special AS
SELECT noted.seq, before_ms,
       CASE WHEN repeated.seq IS NOT NULL THEN {DUPLICATE}
            WHEN {gone} THEN {LATE}     -- its last window of every spec is gone
            ELSE {COUNTED} END AS class
FROM noted LEFT JOIN repeated USING (seq)
WHERE place IS NULL
UNION ALL
SELECT seq, NULL, {REJECTED} FROM timed WHERE reason IS NOT NULL
"""
