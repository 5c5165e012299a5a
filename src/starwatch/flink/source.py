"""The table of messages: one line a message, whatever it is, with its window time and watermark."""

from starwatch.clients.ticks import MARK, TIME
from starwatch.flink.fields import Fields
from starwatch.flink.plan import Plan
from starwatch.flink.text import comment, epoch_ms, indented, interval, literal, options
from starwatch.flink.times import in_range, of_a_year, usual_moment
from starwatch.ratings.scale import Scale, plain
from starwatch.windows.job import Quiet, WindowTime

MESSAGES = "messages"

_ABOUT = """Every message of the topics is a line here, also one that nobody can read.
`t` is the window time of a rating; of what is none it means nothing. The watermark goes with every
rating, by partition, and with nothing else. It is a millisecond further back than the bound, for
Flink closes a window a millisecond before its end. A `tick` is no rating."""

_TICKS = """
Ticks for this job carry time through a quiet topic: `t` is the bound behind what one says, and
the watermark."""


def source_table(plan: Plan) -> str:
    """The statement that makes the table of messages."""
    fields, advances = Fields(plan), plan.job.quiet is Quiet.ADVANCE
    time, watermark = window_time(fields), _watermark(fields)
    if advances:
        time = f"CASE WHEN `value` IS NULL THEN {indented(tick_time(plan), 2)}\nELSE {time} END"
        watermark = f"CASE WHEN `value` IS NULL THEN `t`\nELSE {watermark} END"
    return f"""{comment(_ABOUT + _TICKS if advances else _ABOUT)}
CREATE TEMPORARY TABLE `{MESSAGES}` (
  `value` STRING,
  `topic` STRING NOT NULL METADATA VIRTUAL,
  `partition` INT NOT NULL METADATA VIRTUAL,
  `offset` BIGINT NOT NULL METADATA VIRTUAL,
  `arrived` TIMESTAMP_LTZ(3) NOT NULL METADATA FROM 'timestamp' VIRTUAL,
  `headers` MAP<STRING, BYTES> METADATA VIRTUAL,
  `now` AS PROCTIME(),
  `tick` AS `value` IS NULL AND `headers`[{literal(MARK)}] IS NOT NULL,
  `t` AS {indented(time, 4)},
  WATERMARK FOR `t` AS {indented(watermark, 4)}
) {options(_options(plan))}"""


def _watermark(fields: Fields) -> str:
    """The watermark that a rating makes; null of what is none."""
    bound = interval(fields.plan.job.bound_ms + 1)
    return f"CASE WHEN {admissible(fields)}\nTHEN LEAST(`t`, `arrived`) END - {bound}"


def window_time(fields: Fields) -> str:
    """The window time of a rating; of other messages it may be anything."""
    if fields.plan.job.time is WindowTime.ARRIVAL:
        return "`arrived`"
    return f"COALESCE({usual_moment(fields)}, `arrived`)"


def admissible(fields: Fields) -> str:
    """Whether a message is a rating: exactly where `reason` (`starwatch.flink.admission`) is null.

    Each field is looked up once if it can be: a look-up reads the whole message.
    """
    job = fields.plan.job
    right = of_a_year(fields) if job.time is WindowTime.ARRIVAL else in_range(fields)
    return "\n  AND ".join(
        [
            *fields.readable,
            f"NOT {fields.is_missing('product')}",
            f"REGEXP(CAST({fields.number('stars')} AS STRING), {literal(_on_scale(job.scale))})",
            f"({right} OR {fields.is_missing('time')})",
            f"NOT {fields.too_long()}",
        ]
    )


def tick_time(plan: Plan) -> str:
    """The time of a record without a value: that of a tick for this job, else null.

    A tick says how far the time of ratings has come, which cannot be further than its own record.
    The watermark that a rating of that time would make closes what ends a millisecond behind it, so
    where the bound behind the time of a tick is an end of windows, the tick is the last moment of
    the pane before it: it closes that pane itself, and the end of the pane is told.
    """
    ms = f"TRY_CAST({_header(TIME)} AS BIGINT)"
    return (
        f"CASE WHEN {_header(MARK)} = {literal(plan.names.prefix)}\n"
        f"  AND {ms} BETWEEN {plan.job.bound_ms + 1} AND {epoch_ms('`arrived`')}\n"
        f"THEN TO_TIMESTAMP_LTZ({ms} - {plan.job.bound_ms + 1}, 3) END"
    )


def _header(name: str) -> str:
    return f"CAST(`headers`[{literal(name)}] AS STRING)"


def _on_scale(scale: Scale) -> str:
    """The pattern of the values of a scale with many decimals: looked at once, unlike IN.

    >>> _on_scale(Scale.parse("0.5..1/0.5"))
    '^(?:0[.]50*|1[.]0*)$'
    """
    texts = [plain(value) for value in scale.values]
    points = [text.replace(".", "[.]") if "." in text else f"{text}[.]" for text in texts]
    return f"^(?:{'|'.join(f'{text}0*' for text in points)})$"


def _options(plan: Plan) -> dict[str, str]:
    start = "latest" if plan.latest else "earliest"
    chosen = {
        "connector": "kafka",
        "topic": ";".join(plan.topics),
        "properties.bootstrap.servers": plan.hosts,
        "properties.group.id": plan.group,
        "properties.isolation.level": "read_committed",
        "properties.auto.offset.reset": start,
        "scan.startup.mode": "group-offsets",
        "format": "raw",
        "scan.watermark.emit.strategy": "on-event",
    }
    if plan.idle_ms:
        chosen["scan.watermark.idle-timeout"] = f"{plan.idle_ms} ms"
    if plan.bounded:
        chosen["scan.bounded.mode"] = "latest-offset"
    return chosen | {f"properties.{key}": value for key, value in plan.security.items()}
