"""`starwatch state backup`: a copy of a state, also while a run writes to it."""

from pathlib import Path

import click

from starwatch.cli.state_option import state_option


@click.command("backup", short_help="copy a state, also while it is in use")
@state_option
@click.option(
    "--to",
    "target",
    required=True,
    metavar="TARGET",
    help="What the copy is called: a folder, or a file that ends in .tar, .tar.gz or .tgz.",
)
def command(*, state: str, target: str) -> None:
    """Copy a state as its last commit left it; a run may write to it meanwhile.

    On the disk of the state, files that never change are shared with it and take no room; for
    safety from a broken disk, name a place on another one.
    """
    from starwatch.service.backup import back_up  # noqa: PLC0415 - only when the command runs
    from starwatch.terminal.summary import number_text, size_text  # noqa: PLC0415

    done = back_up(Path(state), Path(target))
    click.echo(
        f"{target}: the state as commit {done.commit:,} left it, the database and"
        f" {number_text(done.files, 'file')}, {size_text(done.size)}"
    )
