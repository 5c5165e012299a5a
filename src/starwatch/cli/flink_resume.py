"""`starwatch flink resume`: let a stopped job go on."""

from typing import TYPE_CHECKING, Any

import click

from starwatch.cli.cluster_option import cluster_option, jar_option
from starwatch.cli.flink_plan import plan_options

if TYPE_CHECKING:
    from starwatch.codecs.options import InputOptions
    from starwatch.ratings.scale import Scale


@click.command("resume", short_help="let a stopped job go on where it was")
@click.option(
    "--savepoint",
    required=True,
    metavar="PATH",
    help="What `stop --savepoint` printed, or the path of a checkpoint that was kept.",
)
@click.option(
    "--parallelism",
    type=click.IntRange(min=1),
    metavar="N",
    help="Of all operators, from now on [default: as in the settings].",
)
@plan_options
@cluster_option
@jar_option
def command(  # noqa: PLR0913 - one argument an option
    *,
    options: "InputOptions",
    scale: "Scale",
    savepoint: str,
    parallelism: int | None,
    cluster: str,
    jars: tuple[str, ...],
    **given: Any,
) -> None:
    """Let a job go on from a savepoint: no rating is read twice, no window is written twice.

    The settings must be those it was submitted with, but for the parallelism: others are another
    job, which cannot take over what this one holds. Standard output is the new id alone.
    """
    from starwatch.cli.flink_plan import read_plan  # noqa: PLC0415 - imports pydantic, numpy
    from starwatch.flink.rest import Cluster  # noqa: PLC0415
    from starwatch.flink.sql import flink_job  # noqa: PLC0415
    from starwatch.flink.submit import submit  # noqa: PLC0415

    job = flink_job(read_plan(options, scale, given))
    if parallelism is not None:
        job = job.with_settings({"parallelism.default": str(parallelism)})
    click.echo(submit(job, Cluster(cluster), jars=jars, savepoint=savepoint))
    click.echo(f"{job.name}: goes on at {cluster}", err=True)
