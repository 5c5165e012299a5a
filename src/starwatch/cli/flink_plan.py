"""Options of the commands that make a job for Flink, and the plan that they and settings give."""

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

import click

from starwatch.cli.job_options import job_options
from starwatch.cli.options import input_options

if TYPE_CHECKING:
    from starwatch.codecs.options import InputOptions
    from starwatch.flink.plan import Plan
    from starwatch.ratings.scale import Scale

_SOURCE = click.option(
    "--source",
    "sources",
    multiple=True,
    metavar="URL",
    help="Where ratings come from: kafka://HOST:PORT/TOPIC; repeatable [default: those of "
    "--config].",
)


def plan_options(function: Callable[..., Any]) -> Callable[..., Any]:
    """Give a command the options that `read_plan` reads."""
    return _SOURCE(job_options(input_options(function)))


def read_plan(
    options: "InputOptions", scale: "Scale", given: Mapping[str, Any], *, masked: bool = False
) -> "Plan":
    """The plan of a job, from flags, environment and file.

    Args:
        options: How messages are to be read.
        scale: The scale of stars, which counts if it was given as a flag.
        given: The other flags.
        masked: Whether passwords are left out, for what is shown.

    Raises:
        UsageError: a setting that cannot be, or that cannot be had on Flink.
    """
    from starwatch.flink.planning import plan_of  # noqa: PLC0415 - these import pydantic, numpy
    from starwatch.settings.job import build_job, given_settings  # noqa: PLC0415
    from starwatch.settings.sections import SourceSection  # noqa: PLC0415
    from starwatch.settings.sources import read_all  # noqa: PLC0415

    settings = read_all(given["config"])
    flags = {name: given[name] for name in ("window", "time", "bound", "lateness", "duplicates")}
    source = click.get_current_context().get_parameter_source("scale")
    if source is click.core.ParameterSource.COMMANDLINE:
        flags["scale"] = scale.label
    job = build_job(given_settings(flags, given["config"]), replay=False)
    sources = [SourceSection(url=url) for url in given["sources"]] or settings.source
    return plan_of(job, sources, options, settings, masked=masked)
