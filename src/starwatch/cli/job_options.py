"""Options of commands that run a job: its rules, and where its rows go."""

from collections.abc import Callable
from typing import Any

import click


def job_options(function: Callable[..., Any]) -> Callable[..., Any]:
    """Give a command the options that `starwatch.settings.job` reads."""
    for option in reversed(_JOB):
        function = option(function)
    return function


def output_options(function: Callable[..., Any]) -> Callable[..., Any]:
    """Give a command the options that say what is written and shown."""
    for option in reversed(_OUTPUT):
        function = option(function)
    return function


_JOB = (
    click.option(
        "--window",
        multiple=True,
        metavar="SIZE/SLIDE[+OFFSET]",
        help="Windows, for instance 30s/5s, 1h or 1d/1h+15m; repeatable [default: 30s/5s].",
    ),
    click.option(
        "--time",
        type=click.Choice(["event", "arrival"]),
        help="Which time decides the windows [default: event; arrival for a replay by rows].",
    ),
    click.option(
        "--bound",
        metavar="DURATION",
        help="How far ratings may be out of order [default: 5s for event time, 0s for arrival].",
    ),
    click.option(
        "--lateness",
        metavar="DURATION",
        help="How long a closed window still takes corrections [default: 0s].",
    ),
    click.option(
        "--duplicates",
        type=click.Choice(["off", "ids", "content"]),
        help="What makes two ratings the same [default: content; off for a replay].",
    ),
    click.option(
        "--config",
        metavar="FILE",
        help="A TOML file with the same settings; flags and STARWATCH_* variables win over it.",
    ),
)

_OUTPUT = (
    click.option(
        "--output",
        "outputs",
        multiple=True,
        metavar="KIND[:FILE]",
        help="Write window rows: jsonl, csv, parquet, log (the reference's format, means cut to "
        "integers) or log-exact; without FILE to standard output. Repeatable.",
    ),
    click.option("--rejects", metavar="FILE", help="Write what was rejected, as JSON lines."),
    click.option("--late", metavar="FILE", help="Write late ratings, as JSON lines."),
    click.option(
        "--sort",
        type=click.Choice(["count", "mean", "change", "product"]),
        default="count",
        show_default=True,
        help="What the live table is sorted by.",
    ),
    click.option("--quiet", is_flag=True, help="Show nothing but errors."),
)
