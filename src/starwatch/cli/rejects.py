"""`starwatch rejects`: what was refused, as it came."""

import click

from starwatch.cli.state_option import names_by_partition, reading, state_option


@click.command("rejects", short_help="list what a state refused, as it came")
@state_option
@click.option("--reason", metavar="CODE", help="Only those of one reason, as off_scale.")
def command(*, state: str, reason: str | None) -> None:
    """List what was refused, one JSON object a line: where it stood, why, and what came."""
    import msgspec  # noqa: PLC0415 - only when the command runs

    from starwatch.errors import BadSetting  # noqa: PLC0415
    from starwatch.ratings.rejects import Reason  # noqa: PLC0415
    from starwatch.service.kept import reject_lines  # noqa: PLC0415

    if reason is not None and reason not in set(Reason):
        raise BadSetting(
            f"there is no reason {reason!r}", hint=f"The reasons are {', '.join(Reason)}"
        )
    with reading(state) as journal:
        names = names_by_partition(journal)
        gone = journal.rejects_gone()
        if number := gone.get(reason, 0) if reason else sum(gone.values()):
            told = f"note: {number:,} older ones are not kept; the ledger counts all"
            click.echo(told, err=True)
        for partition, reject in journal.rejects(reason):
            (line,) = reject_lines([(partition, reject)], names)
            click.echo(msgspec.json.encode(line))
        if number := sum(each.rejected - each.kept_rejects for each in journal.backfills()):
            told = f"note: {number:,} later ones of backfilled files are not kept"
            click.echo(told, err=True)
        for name, reject in journal.backfill_rejects(reason):
            (line,) = reject_lines([(0, reject)], [name])
            click.echo(msgspec.json.encode(line))
