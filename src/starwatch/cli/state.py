"""`starwatch state`: what can be done with a state directory."""

import click

from starwatch.cli.lazy import LazyGroup

_COMMANDS = {
    "backup": "copy a state, also while it is in use",
    "erase": "take reviewers out of a state",
    "info": "say what a state holds and how far it is",
    "prune": "let old ratings and panes go, and shrink the database",
}


@click.command(
    "state",
    cls=LazyGroup,
    commands_help=_COMMANDS,
    modules="starwatch.cli.state_",
    short_help="look after a state directory",
)
def command() -> None:
    """Look after a state directory, also while a run writes to it."""
