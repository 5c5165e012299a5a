"""`starwatch config`: the settings file."""

import click

from starwatch.cli.lazy import LazyGroup

_COMMANDS = {
    "check": "say whether a settings file can be used",
    "init": "write a commented sample of all settings",
    "show": "print the settings in force, secrets masked",
}


@click.command(
    "config",
    cls=LazyGroup,
    commands_help=_COMMANDS,
    modules="starwatch.cli.config_",
    short_help="write, check and show settings",
)
def command() -> None:
    """Write, check and show the settings of a service."""
