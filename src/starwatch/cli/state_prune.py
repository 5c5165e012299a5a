"""`starwatch state prune`: let old files go by hand, and make the database small again."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import click

from starwatch.cli.keep_options import keep_options
from starwatch.cli.state_option import reading

if TYPE_CHECKING:
    from starwatch.journal.retention import Pruning


@click.command("prune", short_help="let old ratings and panes go, and shrink the database")
@click.option("--state", required=True, metavar="DIR", help="The state directory; not in use.")
@keep_options
@click.option("--dry-run", is_flag=True, help="Only say what would go; the state may be in use.")
def command(*, state: str, keep: Mapping[str, int | None], dry_run: bool) -> None:
    """Let old sealed ratings and panes go, and give room in the database back to the disk.

    Without --keep and --keep-size it goes by what the state remembers from its runs, which do the
    same by themselves. What is given here holds this once.
    """
    if dry_run:
        from starwatch.service.pruning import found, retention_of  # noqa: PLC0415 - imports pyarrow

        with reading(state) as journal, journal.at_one_moment():
            lines = list(_lines(found(journal, retention_of(journal, keep)), "would go"))
    else:
        lines = list(_prune(state, keep))
    click.echo("\n".join(lines))


def _prune(state: str, keep: Mapping[str, int | None]) -> Iterator[str]:
    """Do it; gives what was done."""
    from starwatch.journal.places import Places  # noqa: PLC0415 - imports pyarrow
    from starwatch.service.pruning import Removal, forgotten, retention_of  # noqa: PLC0415
    from starwatch.service.state import State  # noqa: PLC0415
    from starwatch.terminal.summary import size_text  # noqa: PLC0415

    with reading(state):
        pass  # it is there, and one of ours: nothing is made or swept where it is not
    places = Places(Path(state))
    with State(places.directory) as held:
        pruning = forgotten(held.journal, retention_of(held.journal, keep))
        removal = Removal(places)
        removal.add(pruning)
        gone = removal.attempt()
        yield from _lines(pruning, "gone")
        if not gone:
            yield "their files are still being read; they are removed when this runs again"
        size = places.database.stat().st_size
        held.journal.compact()
        yield f"database {size_text(size)} before, {size_text(places.database.stat().st_size)} now"


def _lines(pruning: "Pruning", what: str) -> Iterator[str]:
    """What goes, in words."""
    from starwatch.terminal.summary import number_text, size_text  # noqa: PLC0415

    ratings = number_text(pruning.number, "rating")
    files = number_text(len(pruning.ratings), "file")
    yield f"ratings  {ratings} in {files} {what}"
    yield f"panes    {number_text(len(pruning.panes), 'file')} {what}"
    yield f"size     {size_text(pruning.size)} {what}"
