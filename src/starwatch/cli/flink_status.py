"""`starwatch flink status`: what runs on a cluster, and how it is."""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import click

from starwatch.cli.cluster_option import cluster_option

if TYPE_CHECKING:
    from starwatch.flink.rest import Progress


@click.command("status", short_help="say which jobs a cluster runs, and how they are")
@click.argument("job", required=False, metavar="[JOB]")
@cluster_option
def command(*, job: str | None, cluster: str) -> int:
    """Say which jobs run, since when, and how far their last checkpoint is.

    JOB is an id or a name; without it all that run are told.

    Exits with 1 where the job has ended, or none runs.
    """
    from starwatch.flink.rest import Cluster  # noqa: PLC0415 - only when the command runs

    asked = Cluster(cluster)
    known = [asked.find(job)] if job else [each for each in asked.jobs() if each.runs]
    for each in known:
        click.echo("\n".join(_lines(asked.progress(each))))
    if not known:
        click.echo(f"{asked.url} runs no job")
    return 0 if any(each.runs for each in known) else 1


def _lines(progress: "Progress") -> Iterator[str]:
    from starwatch.terminal.summary import number_text, size_text  # noqa: PLC0415

    job = progress.job
    yield f"{job.name}: {job.state.lower()}, id {job.id}"
    yield (
        f"  since {_moment(job.start_ms)}, parallelism {progress.parallelism}, "
        f"{number_text(progress.restarts, 'restart')}"
    )
    if progress.checkpoint_ms is not None:
        size = size_text(progress.state_bytes)
        yield f"  checkpoint {_moment(progress.checkpoint_ms)}, {size}: {progress.checkpoint}"
    else:
        yield "  no checkpoint yet: nothing is committed to Kafka"
    if progress.failure:
        yield f"  last failure: {progress.failure}"


def _moment(ms: int) -> str:
    return datetime.fromtimestamp(ms / 1000, UTC).isoformat(timespec="seconds")
