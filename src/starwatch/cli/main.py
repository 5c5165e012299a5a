"""The `starwatch` command: finds its subcommands by name and imports only the one asked for."""

import os
import sys
import traceback
from typing import NoReturn

import click

from starwatch import __version__
from starwatch.cli.lazy import LazyGroup
from starwatch.errors import StarwatchError

_COMMANDS = {
    "backfill": "take old files into the history of a state",
    "bridge": "take messages from MQTT or HTTP to Kafka or HTTP",
    "config": "write, check and show settings",
    "conformance": "run the same streams on several engines and compare",
    "demo": "watch a made-up shop live, on the page and in the terminal",
    "export": "write windows of a state's past to a file",
    "doctor": "look whether a service would work",
    "flink": "run the same job on Apache Flink",
    "generate": "write a file of made-up ratings",
    "inspect": "say what a file of ratings holds",
    "late": "list the late ratings of a state",
    "ledger": "print both books of a state",
    "nifi": "the flow of 2021 on Apache NiFi",
    "rejects": "list what a state refused, as it came",
    "replay": "play files of ratings through the windows",
    "run": "watch ratings as they come",
    "scenario": "run scripted streams and compare their rows",
    "serve": "show a state in a browser",
    "state": "look after a state directory",
    "top": "show a running service in the terminal",
    "verify": "compute all windows another way and compare",
}


@click.command(
    cls=LazyGroup,
    commands_help=_COMMANDS,
    modules="starwatch.cli.",
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)
@click.option("--debug", is_flag=True, help="Show the traceback of an error.")
@click.version_option(__version__, prog_name="starwatch")
def cli(*, debug: bool) -> None:
    """Watch product ratings live: exact windows, honest books."""
    del debug


def main() -> None:
    """Run the command line; every failure is one line on stderr and an exit code.

    Exit codes: 0 done, 1 the run failed, 2 the command or its settings are wrong, 130 stopped by
    Ctrl-C.
    """
    try:
        code = cli.main(standalone_mode=False)
    except click.exceptions.NoArgsIsHelpError as error:
        click.echo(error.ctx.get_help() if error.ctx else str(error))
        sys.exit(2)
    except click.ClickException as error:
        _fail(_usage(error), error.exit_code)
    except (click.Abort, KeyboardInterrupt):
        sys.exit(130)
    except StarwatchError as error:
        _fail(str(error), error.exit_code)
    except BrokenPipeError:
        # The reader of our output has gone; say nothing, and keep Python from saying it at exit.
        _give_up_output()
        sys.exit(1)
    except MemoryError:
        _fail("there is not enough memory. Play less at once, or with --every", 1)
    except OSError as error:
        what = error.filename or "standard output"
        _fail(f"{what} cannot be used: {(error.strerror or str(error)).lower()}", 1)
    except Exception as error:  # noqa: BLE001 - a mistake of ours; its traceback helps only us
        name = type(error).__name__
        _fail(f"{name}: {error}. This is a fault of Starwatch; --debug shows where it is", 1)
    sys.exit(code if isinstance(code, int) else 0)


def _usage(error: click.ClickException) -> str:
    """A wrong command line in the words of all our errors."""
    text = error.format_message().strip().rstrip(".")
    context = error.ctx if isinstance(error, click.UsageError) else None
    names: list[str] = [] if context else _called()
    while context and context.parent:
        names.insert(0, str(context.info_name))
        context = context.parent
    path = " ".join(["starwatch", *names])
    end = "" if text.endswith("?") else "."
    return f"{text[:1].lower()}{text[1:]}{end} Try `{path} --help`"


def _called() -> list[str]:
    """The command that was called, where a parser knows only that an option lacks its value."""
    names: list[str] = []
    group: click.Command | None = cli
    for word in sys.argv[1:]:
        if not isinstance(group, click.Group):
            break
        if not word.startswith("-"):
            group = group.get_command(click.Context(group), word)
            names += [word] if group else []
    return names


def _fail(text: str, exit_code: int) -> NoReturn:
    """Say one line and leave."""
    _trace()
    click.echo(f"error: {' '.join(text.splitlines())}", err=True)
    try:
        if sys.stdout is not None:  # it is where the shell closed it
            sys.stdout.flush()
    except OSError:  # what could not be written is the failure, or comes on top; once is enough
        _give_up_output()
    sys.exit(exit_code)


def _give_up_output() -> None:
    """Send what is left for standard output nowhere."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _trace() -> None:
    """The traceback of the error in hand, for those who asked for it."""
    if "--debug" in sys.argv:
        traceback.print_exc()
