"""`starwatch ledger`: both books of a state, in words and numbers."""

from typing import TYPE_CHECKING

import click

from starwatch.cli.state_option import job_of, reading, state_option

if TYPE_CHECKING:
    from starwatch.journal.commit import Position


@click.command("ledger", short_help="print both books of a state")
@state_option
def command(*, state: str) -> int:
    """Print both books as the last commit left them, per source and per window.

    Files that were backfilled have a line and a sum of their own.

    Exits with 1 where they do not balance, or the sources do not sum up to the first of them.
    """
    import msgspec  # noqa: PLC0415 - only when the command runs

    from starwatch.admission.ledger import Books  # noqa: PLC0415
    from starwatch.cli.source_books import sources_fault  # noqa: PLC0415
    from starwatch.errors import BadState  # noqa: PLC0415
    from starwatch.terminal.backfills import backfill_lines  # noqa: PLC0415
    from starwatch.terminal.summary import books_lines  # noqa: PLC0415

    with reading(state) as journal, journal.at_one_moment():
        job, kept = job_of(journal, state), journal.fact("books")
        if kept is None:
            raise BadState(f"no commit is in {state} yet", hint="Start the run that makes it")
        books = msgspec.convert(kept, Books)
        click.echo("\n".join(books_lines(books, job["windows"])))
        positions = journal.positions().values()
        for position in positions:
            click.echo(_source(position))
        if fault := sources_fault(positions, books):
            click.echo(fault)
        backfills = journal.backfills()
        for line in backfill_lines(backfills):
            click.echo(line)
    balanced = books.balanced and not fault and all(each.balanced for each in backfills)
    return 0 if balanced else 1


def _source(position: "Position") -> str:
    counted, duplicate, late, rejected = position.classes
    received = position.ratings + position.rejects
    return (
        f"{position.name}: {received:,} = {counted:,} counted + {duplicate:,} duplicate"
        f" + {late:,} late + {rejected + position.rejects:,} rejected"
    )
