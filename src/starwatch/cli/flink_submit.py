"""`starwatch flink submit`: start the job on a cluster."""

from typing import TYPE_CHECKING, Any

import click

from starwatch.cli.cluster_option import cluster_option, jar_option
from starwatch.cli.flink_plan import plan_options

if TYPE_CHECKING:
    from starwatch.codecs.options import InputOptions
    from starwatch.ratings.scale import Scale


@click.command("submit", short_help="start the job on a session cluster")
@plan_options
@cluster_option
@jar_option
def command(
    *, options: "InputOptions", scale: "Scale", cluster: str, jars: tuple[str, ...], **given: Any
) -> None:
    """Start the job of these settings on a session cluster; it goes on when this command has ended.

    PyFlink does it, in a Python environment of its own (docs/flink.md). Standard output is the id
    of the job alone. A job of the same name must not run.
    """
    from starwatch.cli.flink_plan import read_plan  # noqa: PLC0415 - imports pydantic, numpy
    from starwatch.flink.rest import Cluster  # noqa: PLC0415
    from starwatch.flink.sql import flink_job  # noqa: PLC0415
    from starwatch.flink.submit import submit  # noqa: PLC0415

    job = flink_job(read_plan(options, scale, given))
    click.echo(submit(job, Cluster(cluster), jars=jars))
    click.echo(f"{job.name}: submitted to {cluster}", err=True)
