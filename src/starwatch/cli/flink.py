"""`starwatch flink`: the same job on a cluster of Apache Flink."""

import click

from starwatch.cli.lazy import LazyGroup

_COMMANDS = {
    "resume": "let a stopped job go on where it was",
    "sql": "print the SQL of the job, readable and commented",
    "status": "say which jobs a cluster runs, and how they are",
    "stop": "stop a job, behind a savepoint",
    "submit": "start the job on a session cluster",
}


@click.command(
    "flink",
    cls=LazyGroup,
    commands_help=_COMMANDS,
    modules="starwatch.cli.flink_",
    short_help="run the same job on Apache Flink",
)
def command() -> None:
    """Run the same job on a cluster of Apache Flink, which reads and writes Kafka."""
