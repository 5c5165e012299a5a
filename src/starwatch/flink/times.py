"""Event times as milliseconds: numbers in seconds, milliseconds or microseconds, or ISO 8601.

Two ways: a quick one for the years that a rating can be of, which every message goes through twice,
and a general one, which tells why a time was refused.
"""

from starwatch.flink.fields import Fields
from starwatch.flink.text import epoch_ms

_EARLIEST, _LATEST = -62_135_596_800_000, 253_402_300_799_999
"""The years 1 to 9999."""

_REST = {"s": "[0-9]{3}", "ms": "[0-9]{6}", "us": "[0-9]{9}"}
"""What stands behind the milliseconds of a number with six decimals and no point, by its unit."""

_ISO = (
    r"'^([0-9]{4}-[0-9]{2}-[0-9]{2}[T ][0-9]{2}:[0-9]{2}:[0-9]{2}(?:[.][0-9]{1,9})?)"
    r"(?:Z|[+]00:?00)?$'"
)


def usual_ms(fields: Fields) -> str:
    """The event time of a message; null if it cannot be read, or is before 1990 or behind 2159.

    A number is written with six decimals and without its point. Whatever its unit, the milliseconds
    are its first 12 digits where it begins with 6 to 9, the years 1990 to 2001, else its first 13.
    """
    unit = fields.plan.input.time_unit
    if unit == "iso":
        return iso_ms(fields)
    rest = _REST.get(unit) or f"(?:{'|'.join(_REST.values())})"
    digits = f"REPLACE(CAST({fields.number('time')} AS STRING), '.', '')"
    shape = f"'^([1-5][0-9]{{12}}|[6-9][0-9]{{11}}){rest}$'"
    return f"CAST(REGEXP_EXTRACT({digits}, {shape}, 1) AS BIGINT)"


def any_ms(fields: Fields) -> str:
    """The event time of a message, whenever it is; null if it cannot be read."""
    unit = fields.plan.input.time_unit
    if unit == "iso":
        return iso_ms(fields)
    number = fields.number("time")
    scaled = {"s": f"{number} * 1000", "ms": number, "us": f"{number} / 1000"}
    auto = (
        f"CASE WHEN ABS({number}) < 100000000000 THEN {scaled['s']}"
        f" WHEN ABS({number}) < 100000000000000 THEN {number} ELSE {scaled['us']} END"
    )
    ms = scaled.get(unit, auto)
    return (
        f"CASE WHEN ({ms}) BETWEEN {_EARLIEST} AND {_LATEST} THEN CAST(FLOOR({ms}) AS BIGINT) END"
    )


def iso_ms(fields: Fields) -> str:
    """A time by ISO 8601, in UTC or without a zone; null if it is none, or no day of a calendar."""
    text = f"BTRIM({fields.text('time')})"
    moment = f"TRY_CAST(REPLACE(REGEXP_EXTRACT({text}, {_ISO}, 1), 'T', ' ') AS TIMESTAMP(3))"
    same_day = f"DATE_FORMAT({moment}, 'yyyy-MM-dd') = SUBSTRING({text}, 1, 10)"
    return f"CASE WHEN {same_day} THEN {epoch_ms(moment)} END"


def possible(fields: Fields, ms: str) -> str:
    """The same time as TIMESTAMP_LTZ, or null where the job refuses it.

    The array functions that would spare working it out three times cannot be had in a watermark.
    """
    job = fields.plan.job
    moment = f"TO_TIMESTAMP_LTZ({ms}, 3)"
    if job.oldest_ms is None or job.ahead_ms is None:
        return moment
    latest = f"{epoch_ms('`arrived`')} + {job.ahead_ms}"
    return f"CASE WHEN {ms}\n  BETWEEN {job.oldest_ms} AND {latest}\n  THEN {moment} END"
