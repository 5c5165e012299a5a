"""The table of messages: one line a message, whatever it is, with its window time and watermark."""

from starwatch.flink.fields import Fields
from starwatch.flink.plan import Plan
from starwatch.flink.text import comment, indented, interval, literal, options
from starwatch.flink.times import any_ms, possible, usual_ms
from starwatch.ratings.scale import Scale, plain
from starwatch.windows.job import WindowTime

MESSAGES = "messages"

_ABOUT = """Every message of the topics is a line here, also one that nobody can read.
`t` is the window time; it is null where the message is no rating that counts, so that rejects move
no watermark. The watermark goes with every message, by partition. It is a millisecond further back
than the bound, for Flink closes a window a millisecond before its end."""


def source_table(plan: Plan) -> str:
    """The statement that makes the table of messages."""
    bound = interval(plan.job.bound_ms + 1)
    return f"""{comment(_ABOUT)}
CREATE TEMPORARY TABLE `{MESSAGES}` (
  `value` STRING,
  `topic` STRING NOT NULL METADATA VIRTUAL,
  `partition` INT NOT NULL METADATA VIRTUAL,
  `offset` BIGINT NOT NULL METADATA VIRTUAL,
  `arrived` TIMESTAMP_LTZ(3) NOT NULL METADATA FROM 'timestamp' VIRTUAL,
  `now` AS PROCTIME(),
  `t` AS {indented(window_time(Fields(plan)), 4)},
  WATERMARK FOR `t` AS LEAST(`t`, `arrived`) - {bound}
) {options(_options(plan))}"""


def window_time(fields: Fields) -> str:
    """The window time of a message, null where it is no rating that counts."""
    job = fields.plan.job
    admissible = "\n  AND ".join(
        [
            *fields.readable,
            f"NOT {fields.is_missing('product')}",
            f"REGEXP(CAST({fields.number('stars')} AS STRING), {literal(_on_scale(job.scale))})",
            f"NOT {fields.too_long()}",
        ]
    )
    if job.time is WindowTime.ARRIVAL:
        valid = f"({fields.is_missing('time')} OR {any_ms(fields)} IS NOT NULL)"
        return f"CASE WHEN {admissible}\n  AND {valid}\nTHEN `arrived` END"
    own = possible(fields, usual_ms(fields))
    return (
        f"CASE WHEN {admissible}\nTHEN CASE WHEN {fields.is_missing('time')}\n"
        f"  THEN `arrived`\n  ELSE {indented(own, 2)} END\nEND"
    )


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
