"""Write docs/cli.md, or the file named, from the commands themselves: `make docs`."""

import sys
from collections.abc import Iterator
from pathlib import Path

import click

from starwatch.cli.main import cli

WIDTH = 96
HEAD = """\
# Commands

Every command and option, as `--help` prints them. This page is written by `make docs`; a test
compares it with the commands.

Exit codes: `0` done, `1` the run failed, `2` the command or its settings are wrong, `130` stopped
by Ctrl-C before there was anything to finish. An error is one line on stderr ([errors](errors.md));
`starwatch --debug COMMAND` shows where it came from.
"""


def commands(command: click.Command, ctx: click.Context) -> Iterator[click.Context]:
    """The context of a command and of every command below it, from the top down."""
    yield ctx
    if isinstance(command, click.Group):
        for name in command.list_commands(ctx):
            child = command.get_command(ctx, name)
            if child is not None and not child.hidden:
                below = click.Context(child, parent=ctx, info_name=name)
                yield from commands(child, below)


def page() -> str:
    """The whole page."""
    settings = cli.context_settings | {"terminal_width": WIDTH, "max_content_width": WIDTH}
    top = click.Context(cli, info_name="starwatch", **settings)
    parts = [HEAD]
    for ctx in commands(cli, top):
        lines = (line.rstrip() for line in ctx.get_help().splitlines())
        text = "\n".join(lines)
        parts.append(f"\n## {ctx.command_path}\n\n```text\n{text}\n```\n")
    return "".join(parts)


if __name__ == "__main__":
    target = Path(sys.argv[1]) if sys.argv[1:] else Path(__file__).with_name("cli.md")
    target.write_text(page(), encoding="utf-8")
    print(f"wrote {target.name}")
