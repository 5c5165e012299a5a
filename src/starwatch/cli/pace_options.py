"""Options that say how files are played, and the pace and the rules that they make."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import click

from starwatch.errors import BadSetting

if TYPE_CHECKING:
    from fractions import Fraction

    from starwatch.replay.pace import Pace
    from starwatch.windows.job import Job


def pace_options(function: Callable[..., Any]) -> Callable[..., Any]:
    """Give a command the options that `pace_of` reads, `--start` and `--limit`."""
    for option in reversed(_PACE):
        function = option(function)
    return function


def pace_of(given: Mapping[str, Any]) -> "Pace":
    """The pace that --every, --rate, --speed and --as-fast-as-possible ask for."""
    from fractions import Fraction  # noqa: PLC0415 - only when the command runs

    from starwatch.ratings.durations import duration  # noqa: PLC0415
    from starwatch.replay.pace import ByRow, ByTime, Order  # noqa: PLC0415

    asked = [name for name in ("every", "rate", "speed") if given[name]]
    if len(asked) > 1:
        raise BadSetting(
            f"--{asked[0]} and --{asked[1]} exclude each other", hint="Give one of them"
        )
    if asked == ["speed"] or (given["fast"] and not asked):
        speed = _number("--speed", (given["speed"] or "1").removesuffix("x"))
        return ByTime(speed, Order(given["order"] or "time"))
    if given["order"]:
        raise BadSetting(
            "--order needs event times to play by", hint="Use it with --speed, as --speed 10x"
        )
    if asked == ["rate"]:
        return ByRow(Fraction(1000) / _number("--rate", given["rate"]))
    return ByRow(duration(given["every"] or "1s"))


def job_of(pace: "Pace", given: Mapping[str, Any]) -> "Job":
    """The rules: flags, environment and file, and what the pace means for window time."""
    from starwatch.replay.pace import ByTime  # noqa: PLC0415
    from starwatch.settings.job import build_job, given_settings  # noqa: PLC0415

    flags = {name: given[name] for name in ("window", "time", "bound", "lateness", "duplicates")}
    source = click.get_current_context().get_parameter_source("scale")
    if source is not None and source.name == "COMMANDLINE":
        flags["scale"] = given["scale"].label
    settings = given_settings(flags, given["config"])
    by_time = isinstance(pace, ByTime)
    time = settings.setdefault("time", "event" if by_time else "arrival")
    if by_time and time == "arrival":
        raise BadSetting(
            "a replay by event time has no windows by arrival",
            hint="Use --every or --rate with --time arrival",
        )
    return replace(build_job(settings, replay=True), merged=by_time)


def _number(option: str, text: str) -> "Fraction":
    """A number above zero, exactly as written."""
    from fractions import Fraction  # noqa: PLC0415 - only when the command runs

    try:
        number = Fraction(text)
    except (ValueError, ZeroDivisionError):
        number = Fraction(0)
    if number <= 0:
        raise BadSetting(f"{option} {text} is no number above zero", hint=f"Use {option} 10")
    return number


_PACE = (
    click.option(
        "--every",
        metavar="DURATION",
        help="One row of each file in this time [default: 1s, the pace of the reference].",
    ),
    click.option("--rate", metavar="N", help="So many rows of each file a second."),
    click.option(
        "--speed",
        metavar="X",
        help="By event time, X times as fast as it happened: 3600x plays an hour in a second.",
    ),
    click.option(
        "--order",
        type=click.Choice(["time", "file"]),
        help="With --speed: rows sorted by event time [default], or each file as it lies.",
    ),
    click.option(
        "--as-fast-as-possible",
        "fast",
        is_flag=True,
        help="The same windows without waiting; alone it means --speed 1.",
    ),
    click.option(
        "--start",
        metavar="MOMENT",
        help="Virtual arrival of the first row, ISO 8601 [default: now, cut to the largest slide].",
    ),
    click.option("--limit", type=click.IntRange(min=1), metavar="N", help="Stop after N rows."),
)
