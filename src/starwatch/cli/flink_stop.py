"""`starwatch flink stop`: stop a job so that it can go on."""

import click

from starwatch.cli.cluster_option import cluster_option


@click.command("stop", short_help="stop a job, behind a savepoint")
@click.argument("job", required=False, metavar="[JOB]")
@cluster_option
@click.option(
    "--savepoint/--no-savepoint",
    default=None,
    help="Write all that the job holds first, so that it goes on later, or end it at once."
    " One of the two is needed.",
)
@click.option(
    "--to",
    "folder",
    metavar="URL",
    help="Where the savepoint goes, as the cluster reaches it [default: where that keeps them].",
)
def command(*, job: str | None, cluster: str, savepoint: bool | None, folder: str | None) -> None:
    """Stop a job; with a savepoint it goes on where it was, at any parallelism.

    JOB is an id or a name; without it the only one that runs is meant. No open window is closed:
    it waits in the savepoint. Standard output is the savepoint's path alone.
    """
    from starwatch.errors import BadSetting  # noqa: PLC0415 - only when the command runs
    from starwatch.flink.rest import Cluster  # noqa: PLC0415

    if savepoint is None:
        raise BadSetting(
            "it is not said whether a savepoint is wanted",
            hint="Give --savepoint, to go on from it later, or --no-savepoint, to end the job now",
        )
    if folder and not savepoint:
        raise BadSetting(
            "--to says where a savepoint goes, and there is none",
            hint="Give --savepoint, or leave --to out",
        )
    asked = Cluster(cluster)
    found = asked.find(job)
    if savepoint:
        click.echo(asked.stop(found, folder))
    else:
        asked.cancel(found)
    ended = asked.wait_end(found)
    click.echo(f"{ended.name}: {ended.state.lower()}", err=True)
