"""`starwatch flink submit`: start the job on a cluster, or write what a cluster for it needs."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from starwatch.cli.cluster_option import cluster_option, jar_option
from starwatch.cli.flink_plan import plan_options

if TYPE_CHECKING:
    from starwatch.codecs.options import InputOptions
    from starwatch.flink.job import FlinkJob
    from starwatch.ratings.scale import Scale


@click.command("submit", short_help="start the job on a session cluster")
@click.option(
    "--application",
    type=click.Path(file_okay=False, path_type=Path),
    metavar="DIR",
    help="Submit nothing; write there what a cluster for this job alone needs.",
)
@plan_options
@cluster_option
@jar_option
def command(
    *,
    options: "InputOptions",
    scale: "Scale",
    application: Path | None,
    cluster: str,
    jars: tuple[str, ...],
    **given: Any,
) -> None:
    """Start the job of these settings on a session cluster; it goes on when this command has ended.

    PyFlink does it, in a Python environment of its own (docs/flink.md). Standard output is the id
    of the job alone. A job of the same name must not run.

    With --application the job's own cluster starts it: what that needs on Kubernetes or standalone
    is written, and needs no PyFlink. Standard output is the names of the files.
    """
    from starwatch.cli.flink_plan import read_plan  # noqa: PLC0415 - imports pydantic, numpy
    from starwatch.flink.rest import Cluster  # noqa: PLC0415
    from starwatch.flink.sql import flink_job  # noqa: PLC0415
    from starwatch.flink.submit import submit  # noqa: PLC0415

    job = flink_job(read_plan(options, scale, given))
    if application is not None:
        _write(job, application)
        return
    click.echo(submit(job, Cluster(cluster), jars=jars))
    click.echo(f"{job.name}: submitted to {cluster}", err=True)


def _write(job: "FlinkJob", folder: Path) -> None:
    from starwatch.errors import OutputFailed  # noqa: PLC0415
    from starwatch.flink.application import DRIVER, write_application  # noqa: PLC0415

    try:
        files = write_application(job, folder)
    except OSError as error:
        why = (error.strerror or str(error)).lower()
        raise OutputFailed(
            f"{error.filename} cannot be written: {why}",
            hint="Name a folder that can be made, or written to: --application DIR",
        ) from None
    for file in files:
        click.echo(file)
    script = files[0].resolve().as_uri()
    click.echo(
        "On Kubernetes: see deployment.yaml. Standalone, in the folder of Flink:\n"
        f"  bin/standalone-job.sh start --job-classname {DRIVER} --scriptUri {script}\n"
        "  bin/taskmanager.sh start",
        err=True,
    )
