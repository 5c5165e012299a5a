"""Each message in one class: the reason of a reject, duplicate, late, or counted."""
# ruff: noqa: S608 - what is put into the texts is quoted by starwatch.flink.text

from starwatch.flink.fields import STAR_DIGITS, TIME_DIGITS, Fields, number
from starwatch.flink.plan import Plan
from starwatch.flink.source import MESSAGES
from starwatch.flink.text import epoch_ms, identifier, listed, literal, view
from starwatch.flink.times import any_ms, limits, no_year
from starwatch.ratings.rejects import Reason
from starwatch.ratings.scale import plain
from starwatch.windows.job import Duplicates, WindowTime

TEXTS, NUMBERS, RATINGS = "texts", "numbers", "ratings"
KNOWN, JUDGED, COUNTED = "known", "judged", "counted"

TICK = "tick"
"""As a reason: a message that is neither a rating nor a reject."""

REJECTED = f"`reason` <> {literal(TICK)}"
"""The condition that a message is a reject; one without a reason is none either."""

_KEPT = ("topic", "partition", "offset", "arrived", "now", "tick", "t", "value")
_FIELDS = ("product", "reviewer", "id", "stars", "time")
_RATING = (
    *("topic", "partition", "offset", "now", "t", "t_ms"),
    *("product", "reviewer", "id", "step"),
)


def admission_views(plan: Plan) -> list[str]:
    """The statements that make the views from `texts` to `counted`, in their order."""
    repeated = [] if plan.job.duplicates is Duplicates.OFF else [_known(plan)]
    return [_texts(plan), _numbers(), _ratings(plan), *repeated, _judged(plan), _counted()]


def _texts(plan: Plan) -> str:
    """The fields as texts, each worked out once."""
    fields = Fields(plan)
    columns = [f"CASE WHEN RAND() >= 0 THEN {fields.text(n)} END AS `{n}_text`" for n in _FIELDS]
    about = """The fields as texts. RAND() >= 0 is always true; it keeps the planner from working
an expression out anew wherever its column is used."""
    chosen = listed([", ".join(map(identifier, _KEPT)), *columns])
    return view(TEXTS, about, f"SELECT\n  {chosen}\nFROM `{MESSAGES}`")


def _numbers() -> str:
    """Stars and times as exact numbers."""
    columns = [
        f"CASE WHEN RAND() >= 0 THEN {number(f'`{name}_text`', digits)} END AS `{name}_number`"
        for name, digits in (("stars", STAR_DIGITS), ("time", TIME_DIGITS))
    ]
    about = "Stars and times as exact numbers, null where they are none."
    return view(NUMBERS, about, f"SELECT\n  {listed(['*', *columns])}\nFROM `{TEXTS}`")


def _ratings(plan: Plan) -> str:
    """Plain values and the reason of a reject."""
    fields = Fields(plan, named=True)
    steps = " ".join(
        f"WHEN {plain(value)} THEN {step}" for step, value in enumerate(plan.job.scale.values)
    )
    timed = listed(
        [
            "*",
            f"CASE WHEN RAND() >= 0 THEN CASE {fields.number('stars')} {steps} END END AS `step`",
            f"CASE WHEN RAND() >= 0 THEN {any_ms(fields)} END AS `own_ms`",
            f"CASE WHEN RAND() >= 0 THEN NOT {fields.is_missing('time')} END AS `own_time`",
        ],
        4,
    )
    chosen = listed(
        [
            ", ".join(map(identifier, _KEPT)),
            f"{epoch_ms('`t`')} AS `t_ms`",
            "`product_text` AS `product`",
            "COALESCE(`reviewer_text`, '') AS `reviewer`",
            "COALESCE(`id_text`, '') AS `id`",
            "`step`",
            "`own_ms`",
            "`own_time`",
            f"{_reason(fields)} AS `reason`",
        ]
    )
    about = """Plain values; `step` counts the steps of the scale from 0. Where several things are
wrong with a message, the first of them is the reason."""
    query = f"WITH `timed` AS (\n  SELECT\n    {timed}\n  FROM `{NUMBERS}`\n)"
    return view(RATINGS, about, f"{query}\nSELECT\n  {chosen}\nFROM `timed`")


def _reason(fields: Fields) -> str:
    """Why a message is no rating, null where it is one: where it moves the watermark, but ticks."""
    job = fields.plan.job
    earliest, latest = limits(job)
    unreadable = f"NOT COALESCE({' AND '.join(fields.readable)}, FALSE)"
    cases: list[tuple[str, str]] = [
        ("`tick`", TICK),
        (unreadable, Reason.UNREADABLE),
        (f"`product_text` IS NULL AND NOT COALESCE({fields.parsed}, FALSE)", Reason.UNREADABLE),
        (fields.is_missing("product"), Reason.MISSING_PRODUCT),
        (fields.is_missing("stars"), Reason.MISSING_STARS),
        (f"{fields.number('stars')} IS NULL", Reason.BAD_STARS),
        ("`step` IS NULL", Reason.OFF_SCALE),
        (f"`own_time` AND COALESCE({no_year('`own_ms`')}, TRUE)", Reason.BAD_TIME),
        (fields.too_long(), Reason.ID_TOO_LONG),
    ]
    if job.time is WindowTime.EVENT:
        cases += [
            (f"`own_time` AND `own_ms` < {earliest}", Reason.EVENT_TIME_TOO_OLD),
            (f"`own_time` AND `own_ms` > {latest}", Reason.EVENT_TIME_IN_FUTURE),
        ]
    lines = [f"WHEN {condition} THEN {literal(reason)}" for condition, reason in cases]
    return "\n    ".join(["CASE", *lines, "END"])


def _known(plan: Plan) -> str:
    """Whether a rating came before."""
    key = "CASE WHEN `id` <> '' THEN 'i' || `id`"
    if plan.job.duplicates is Duplicates.CONTENT:
        parts = [
            "'c'",
            *(
                f"CAST(CHAR_LENGTH(`{n}`) AS STRING) || ':' || `{n}`"
                for n in ("reviewer", "product")
            ),
            "CAST(`own_ms` AS STRING) || ':' || CAST(`step` AS STRING)",
        ]
        key += f"\n      WHEN `reviewer` <> '' AND `own_time` THEN {' || '.join(parts)}"
    key += (
        "\n      ELSE 'p' || `topic` || ':' || CAST(`partition` AS STRING)"
        " || ':' || CAST(`offset` AS STRING) END"
    )
    before = "(PARTITION BY `same` ORDER BY `now` ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW)"
    columns = ", ".join(map(identifier, _RATING))
    about = """What came before: ratings that have `same` in common are the same one. The first is
remembered, late ones too; for how long, the setting table.exec.state.ttl says. One that cannot
be known again is the only one of its kind; it takes the same way, for two ways would have two
watermarks."""
    query = f"""WITH `marked` AS (
  SELECT {columns},
    {key} AS `same`
  FROM `{RATINGS}` WHERE `reason` IS NULL
)
SELECT {columns},
  FIRST_VALUE(`t_ms`) OVER {before} AS `first_ms`,
  COUNT(*) OVER {before} AS `number`
FROM `marked`"""
    return view(KNOWN, about, query)


def _judged(plan: Plan) -> str:
    """The class of each message."""
    met = "CURRENT_WATERMARK(`t`)"
    columns = ", ".join(map(identifier, _RATING))
    off = plan.job.duplicates is Duplicates.OFF
    repeated = (
        ""
        if off
        else f"""
      WHEN `number` > 1 AND COALESCE(`met_ms` < `first_ms` + {plan.job.horizon_ms}, TRUE)
      THEN 'duplicate'"""
    )
    ends = [last_end(plan, spec) for spec in range(len(plan.job.windows))]
    last = ends[0] if len(ends) == 1 else f"GREATEST({', '.join(ends)})"
    about = """The class of each message. `met_ms` is the watermark before it, null before the first
one: a rating is late if it has reached the end of its last window, and `pane_gone` says
whether its pane had closed."""
    source = f"`{RATINGS}` WHERE `reason` IS NULL" if off else f"`{KNOWN}`"
    extra = "" if off else ", `first_ms`, `number`"
    query = f"""WITH `met` AS (
  SELECT {columns}{extra},
    CASE WHEN RAND() >= 0 THEN {epoch_ms(met)} + 1 END AS `met_ms`
  FROM {source}
), `classed` AS (
  SELECT *,
    CASE{repeated}
      WHEN `met_ms` >= {last} THEN 'late'
      ELSE 'counted'
    END AS `class`
  FROM `met`
)
SELECT *,
  `class` = 'counted' AND COALESCE(`met_ms` >= {pane_end(plan)}, FALSE) AS `pane_gone`
FROM `classed`"""
    return view(JUDGED, about, query)


def _counted() -> str:
    return view(
        COUNTED,
        "What stands in windows.",
        f"SELECT `t`, `product`, `step`, `pane_gone` FROM `{JUDGED}` WHERE `class` = 'counted'",
    )


def last_end(plan: Plan, spec: int) -> str:
    """The end of the last window of a spec that holds a rating."""
    window = plan.job.windows[spec]
    return f"{floor('`t_ms`', window.slide_ms, window.offset_ms)} + {window.size_ms}"


def pane_end(plan: Plan) -> str:
    """The end of the pane of a rating."""
    return f"{floor('`t_ms`', plan.pane_ms, 0)} + {plan.pane_ms}"


def floor(ms: str, step: int, offset: int) -> str:
    """The last multiple of a step, shifted by an offset, up to a time, which is behind 1970.

    >>> floor("t", 5000, 0), floor("t", 5000, 1000)
    ('t - MOD(t, 5000)', 't - MOD(t - 1000, 5000)')
    """
    shifted = f"{ms} - {offset}" if offset else ms
    return f"{ms} - MOD({shifted}, {step})"
