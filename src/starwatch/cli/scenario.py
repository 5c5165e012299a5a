"""`starwatch scenario run`: scripted streams, compared row by row with what they must give."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from starwatch.errors import Mismatch, MissingInput

if TYPE_CHECKING:
    from starwatch.scenarios.runnable import Factory
    from starwatch.scenarios.steps import Script


@click.group()
def command() -> None:
    """Run scripted streams and compare their rows with the expected ones."""


@command.command()
@click.argument("paths", nargs=-1, required=True, type=click.Path(path_type=Path))
def run(paths: tuple[Path, ...]) -> None:
    """Run scenario files, and all *.ratings files of folders.

    Each one runs twice: its ratings one by one, and as large batches; rows never depend on it.
    """
    from starwatch.engine import Engine  # noqa: PLC0415
    from starwatch.scenarios.script import read_script  # noqa: PLC0415

    scripts = [read_script(path) for path in scenario_files(paths)]
    failed = sum(not _passes(script, Engine) for script in scripts)
    many = "scenario" if len(scripts) == 1 else "scenarios"
    click.echo(f"{len(scripts)} {many}: {len(scripts) - failed} ok, {failed} failed")
    if failed:
        raise Mismatch(f"{failed} of {len(scripts)} {many} failed")


def scenario_files(paths: Sequence[Path]) -> Iterator[Path]:
    """The files of these paths, and all *.ratings files of those that are folders.

    Raises:
        MissingInput: one is not there, or a folder holds none.
    """
    from starwatch.scenarios.script import SUFFIX  # noqa: PLC0415

    for path in paths:
        if not path.exists():
            raise MissingInput(
                f"{path} is not there", hint=f"Name a file *{SUFFIX}, or a folder that holds some"
            )
        found = sorted(path.rglob(f"*{SUFFIX}")) if path.is_dir() else [path]
        if not found:
            raise MissingInput(f"{path} holds no scenario", hint=f"Scenarios end in {SUFFIX}")
        yield from found


def _passes(script: "Script", factory: "Factory") -> bool:
    """Run one script both ways, and print how it went."""
    from starwatch.scenarios.runner import run_script  # noqa: PLC0415

    for batches in (False, True):
        failure = run_script(script, factory, batches=batches)
        if failure:
            how = " (in large batches)" if batches else ""
            click.echo(f"FAILED  {script.path}:{failure.line}: {failure.what}{how}")
            for line in failure.diff:
                click.echo(f"        {line}")
            return False
    click.echo(f"ok      {script.path}: {script.title}")
    return True
