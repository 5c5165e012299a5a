"""`starwatch backfill`: old files into the history of a state, beside a run or without one."""

import time
from collections.abc import Sequence
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import click

from starwatch.cli.options import file_options
from starwatch.cli.state_option import job_of, reading, state_option
from starwatch.errors import BrokenInput

if TYPE_CHECKING:
    from starwatch.codecs.options import InputOptions
    from starwatch.journal.backfills import Backfill
    from starwatch.ports import FileReader

_NOTHING = "Nothing of this backfill was taken; fetch the file again, and start it once more"


@click.command("backfill", short_help="take old files into the history of a state")
@click.argument("files", nargs=-1, required=True)
@state_option
@click.option(
    "--memory",
    default="256MB",
    show_default=True,
    metavar="SIZE",
    help="How much memory sorting may take; the rest goes to the state's disk.",
)
@file_options
def command(*, files: tuple[str, ...], state: str, memory: str, options: "InputOptions") -> None:
    """Take FILES (or folders) of old ratings into the history of a state, all of them or none.

    A run may write to the state meanwhile: its windows, its outputs and its books stay as they are.
    The rules are those of the state; every rating needs an event time. A file whose bytes were
    taken before is left out.
    """
    from starwatch.journal.rules import job_from_facts  # noqa: PLC0415 - imports pyarrow
    from starwatch.service.backfilling import backfill  # noqa: PLC0415
    from starwatch.sources.files import open_files  # noqa: PLC0415
    from starwatch.terminal.backfills import backfill_lines  # noqa: PLC0415
    from starwatch.terminal.progress import Done, Progress  # noqa: PLC0415

    with reading(state) as journal:
        job = job_from_facts(job_of(journal, state))
    options = replace(options, time_needed=True)

    def open_readers(paths: Sequence[str]) -> "Sequence[FileReader]":
        return open_files(paths, options, job.scale)

    with closing(Progress()) as shown:

        def progress(readers: "Sequence[FileReader]", ratings: int) -> None:
            read = sum(reader.read_bytes for reader in readers)
            total = sum(reader.total_bytes for reader in readers)
            shown.update(time.monotonic(), Done(read, total, ratings))

        names = [file.name for file in open_readers(files)]
        try:
            taken = backfill(
                Path(state), job, names, open_readers, memory=memory, progress=progress
            )
        except BrokenInput as error:
            raise BrokenInput(error.message, hint=_NOTHING) from error
    for path, before in taken.before:
        click.echo(_before(path, before), err=True)
    for line in backfill_lines(taken.now):
        click.echo(line)


def _before(path: str, before: "Backfill") -> str:
    from starwatch.ratings.durations import moment_label  # noqa: PLC0415 - only when it runs

    when = moment_label(before.made_ms)
    return f"{path} is left out: its bytes were taken as {before.path} at {when}"
