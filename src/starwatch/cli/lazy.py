"""A group of commands that imports only the one asked for."""

import importlib
from collections.abc import Mapping
from typing import Any

import click


class LazyGroup(click.Group):
    """A group whose commands live in files of their names, imported when called.

    Args:
        commands_help: Name of each command to its line in the group's help.
        modules: What stands before the name in the module of a command, whose `command` it is.
        settings: As for any group.
    """

    def __init__(self, *, commands_help: Mapping[str, str], modules: str, **settings: Any) -> None:
        super().__init__(**settings)
        self._help = commands_help
        self._modules = modules

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002
        """The names, in the order given."""
        return list(self._help)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        """The command of a name, imported now."""
        if cmd_name not in self._help:
            return None
        module = importlib.import_module(f"{self._modules}{cmd_name}")
        command: click.Command = module.command
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002
        """List the commands without importing them."""
        with formatter.section("Commands"):
            formatter.write_dl(list(self._help.items()))
