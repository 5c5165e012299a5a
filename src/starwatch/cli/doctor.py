"""`starwatch doctor`: whether a service would work as it is set up."""

from typing import TYPE_CHECKING, Any

import click

from starwatch.cli.options import input_options

if TYPE_CHECKING:
    from starwatch.codecs.options import InputOptions
    from starwatch.ratings.scale import Scale


@click.command("doctor", short_help="look whether a service would work")
@click.option(
    "--source", "sources", multiple=True, metavar="URL", help="As for `starwatch run`; repeatable."
)
@click.option("--state", metavar="DIR", help="The state directory [default: ./starwatch-state].")
@click.option("--config", metavar="FILE", help="The settings file.")
@click.option(
    "--seconds",
    type=click.FloatRange(min=0.1),
    default=5.0,
    show_default=True,
    metavar="S",
    help="How long to wait for a rating from each source.",
)
@input_options
def command(*, options: "InputOptions", scale: "Scale", **given: Any) -> int:
    """Look whether brokers answer, topics are there, what comes can be read, and clocks are sane.

    Nothing is taken from a running service: each source is looked at by a name of its own, and
    nothing is acknowledged. Exits with 1 where something is bad.
    """
    from starwatch.cli.examining import examine  # noqa: PLC0415 - imports pyarrow
    from starwatch.settings.sources import read_all  # noqa: PLC0415

    return examine(read_all(given["config"]), options, scale, given)
