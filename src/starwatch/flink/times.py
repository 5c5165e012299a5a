"""Event times as milliseconds: numbers in seconds, milliseconds or microseconds, or ISO 8601.

Two ways: a quick one for the years that a rating can be of, by which the watermark goes, and a
general one, which tells why a time was refused.
"""

from starwatch.flink.fields import Fields
from starwatch.flink.text import epoch_ms
from starwatch.windows.job import Job

_USUAL = (631_152_000_000, 5_999_999_999_999)
"""From 1990 to 2160."""

_EARLIEST, _LATEST = -62_135_596_800_000, 253_402_300_799_999
"""The years 1 to 9999."""

_YEARS = {
    "s": ("-62135596800", "253402300799"),
    "ms": (str(_EARLIEST), str(_LATEST)),
    "us": ("-62135596800000000", "253402300799999999"),
    "auto": ("-62135596800", "253402300799999999"),
}
"""The same as numbers in their units, without what stands behind the point."""

_BELOW = (("-62135596800000", "-100000000000"), ("-62135596800000000", "-100000000000000"))
"""What lies below the first of `auto`: numbers so large that they are of another unit."""

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
    shape = f"'^(?:[1-5][0-9]{{12}}|[6-9][0-9]{{11}})(?={rest}$)'"
    return f"CAST(REGEXP_SUBSTR({digits}, {shape}) AS BIGINT)"


def any_ms(fields: Fields) -> str:
    """The event time of a message, whenever it is; null if it is no number that can be a time.

    It can be of a year that no calendar has: `no_year` tells.
    """
    unit = fields.plan.input.time_unit
    if unit == "iso":
        return iso_ms(fields)
    number = fields.number("time")
    scaled = {"s": f"{number} * 1000", "ms": number, "us": f"{number} / 1000"}
    auto = (
        f"CASE WHEN ABS({number}) < 100000000000 THEN {scaled['s']}"
        f" WHEN ABS({number}) < 100000000000000 THEN {number} ELSE {scaled['us']} END"
    )
    return f"TRY_CAST(FLOOR({scaled.get(unit, auto)}) AS BIGINT)"


def no_year(ms: str) -> str:
    """Whether a time lies before the year 1 or behind 9999."""
    return f"{ms} NOT BETWEEN {_EARLIEST} AND {_LATEST}"


def of_a_year(fields: Fields) -> str:
    """Whether the time of a message is of the years 1 to 9999; null where it has none."""
    unit = fields.plan.input.time_unit
    if unit == "iso":
        return f"{iso_ms(fields)} IS NOT NULL"
    number = fields.number("time")
    most = within(f"FLOOR({number})", *_YEARS[unit])
    rest = [within(number, *each) for each in _BELOW if unit == "auto"]
    return f"({' OR '.join([most, *rest])})"


def iso_ms(fields: Fields) -> str:
    """A time by ISO 8601, in UTC or without a zone; null if it is none, or no day of a calendar."""
    moment = _iso_moment(fields)
    same_day = f"DATE_FORMAT({moment}, 'yyyy-MM-dd') = SUBSTRING({_trimmed(fields)}, 1, 10)"
    return f"CASE WHEN {same_day} THEN {epoch_ms(moment)} END"


def usual_moment(fields: Fields) -> str:
    """The time of a rating as TIMESTAMP_LTZ, which may be null where it is none that counts."""
    if fields.plan.input.time_unit == "iso":
        return f"CAST({_iso_moment(fields)} AS TIMESTAMP_LTZ(3))"
    return f"TO_TIMESTAMP_LTZ({usual_ms(fields)}, 3)"


def limits(job: Job) -> tuple[str, str]:
    """The earliest and the latest time in ms that a rating may have, where it has one."""
    oldest = _USUAL[0] if job.oldest_ms is None else max(job.oldest_ms, _USUAL[0])
    if job.ahead_ms is None:
        return str(oldest), str(_USUAL[1])
    return str(oldest), f"{epoch_ms('`arrived`')} + {job.ahead_ms}"


def in_range(fields: Fields) -> str:
    """Whether the time of a message is one that the job takes; null where it has none."""
    return within(usual_ms(fields), *limits(fields.plan.job))


def within(time: str, earliest: str, latest: str) -> str:
    """Whether a time is in a range, by its distance from the middle: BETWEEN works it out twice."""
    return f"ABS(2 * {time} - ({earliest} + {latest})) <= {latest} - ({earliest})"


def _iso_moment(fields: Fields) -> str:
    found = f"REGEXP_EXTRACT({_trimmed(fields)}, {_ISO}, 1)"
    return f"TRY_CAST(REPLACE({found}, 'T', ' ') AS TIMESTAMP(3))"


def _trimmed(fields: Fields) -> str:
    return f"BTRIM({fields.text('time')})"
