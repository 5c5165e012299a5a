"""`starwatch late`: the ratings that came too late for every window."""

from pathlib import Path

import click

from starwatch.cli.state_option import job_of, names_by_partition, reading, state_option


@click.command("late", short_help="list the late ratings of a state")
@state_option
def command(*, state: str) -> None:
    """List the ratings whose windows were all gone, one JSON object a line."""
    import msgspec  # noqa: PLC0415 - only when the command runs

    from starwatch.journal.listing import late_ratings  # noqa: PLC0415
    from starwatch.journal.places import RATINGS  # noqa: PLC0415
    from starwatch.ratings.scale import Scale  # noqa: PLC0415
    from starwatch.service.kept import late_lines  # noqa: PLC0415

    with reading(state) as journal:
        names = names_by_partition(journal)
        if gone := journal.first_kept():
            click.echo(f"note: late ones of the first {gone:,} ratings are not kept", err=True)
        scale = Scale.parse(job_of(journal, state)["scale"])
        for batch in late_ratings(journal, Path(state) / RATINGS):
            for line in late_lines(batch, names, scale):
                click.echo(msgspec.json.encode(line))
