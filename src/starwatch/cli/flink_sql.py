"""`starwatch flink sql`: the job as Flink SQL."""

from typing import TYPE_CHECKING, Any

import click

from starwatch.cli.flink_plan import plan_options

if TYPE_CHECKING:
    from starwatch.codecs.options import InputOptions
    from starwatch.ratings.scale import Scale


@click.command("sql", short_help="print the SQL of the job, readable and commented")
@plan_options
def command(*, options: "InputOptions", scale: "Scale", **given: Any) -> None:
    """Print the SQL of the job that the same settings give `starwatch run`.

    Ratings are read from Kafka, once; windows, panes, rejects, duplicates and late ratings go to
    topics. Passwords are masked. Flink's SQL client runs what is printed.
    """
    from starwatch.cli.flink_plan import read_plan  # noqa: PLC0415 - imports pydantic, numpy
    from starwatch.flink.sql import as_text, flink_job  # noqa: PLC0415

    click.echo(as_text(flink_job(read_plan(options, scale, given, masked=True))), nl=False)
