"""`starwatch replay`: play files of ratings through the windows."""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from starwatch.cli.catalogue_option import (
    catalogue_options,
    given_catalogue,
    lasting_catalogue,
)
from starwatch.cli.job_options import job_options, output_options
from starwatch.cli.keep_options import keep_options
from starwatch.cli.options import input_options
from starwatch.cli.pace_options import job_of, pace_of, pace_options
from starwatch.errors import BadSetting, BrokenInput

if TYPE_CHECKING:
    from starwatch.codecs.options import InputOptions
    from starwatch.ports import FileReader
    from starwatch.replay.pace import ReplayOptions
    from starwatch.service.rhythm import Rhythm
    from starwatch.windows.job import Job


_KEPT = (
    "The state holds the ratings before the break; the whole file is another one, so fetch it again"
    " and begin anew with --again"
)


@click.command("replay", short_help="play files of ratings through the windows")
@click.argument("paths", nargs=-1, required=True, metavar="FILES...")
@pace_options
@click.option(
    "--to",
    metavar="URL",
    help="Send the ratings there in real time, and draw no windows here: mqtt://HOST:PORT/TOPIC, "
    "kafka://HOST:PORT/TOPIC, or where ratings are posted, http://HOST:PORT/ratings.",
)
@click.option("--loop", is_flag=True, help="Begin again at the end, for ever.")
@click.option(
    "--batch-size",
    type=click.IntRange(min=1),
    default=1 << 18,
    show_default=True,
    metavar="N",
    help="Rows taken at once; changes no result.",
)
@click.option(
    "--state",
    metavar="DIR",
    help="Keep everything there, so that a run that was killed goes on where it was.",
)
@keep_options
@click.option("--commit-ratings", type=click.IntRange(min=1), hidden=True)  # service/rhythm.py
@click.option("--snapshot-seconds", type=click.FloatRange(min=0), hidden=True)
@click.option("--seal-ratings", type=click.IntRange(min=1), hidden=True)
@click.option("--merge-files", type=click.IntRange(min=2), hidden=True)
@click.option("--again", is_flag=True, help="With --state: forget what is there, begin anew.")
@job_options
@input_options
@catalogue_options
@output_options
def command(paths: tuple[str, ...], *, options: "InputOptions", **given: Any) -> int:
    """Play files of ratings through the windows; folders stand for the files in them.

    Without --every, --rate or --speed a row of each file comes every second, as in the reference,
    and windows go by arrival.
    """
    from starwatch.cli.running import Run, start_now_ms  # noqa: PLC0415 - imports numpy, pyarrow
    from starwatch.ratings.durations import moment_ms  # noqa: PLC0415
    from starwatch.replay.pace import ByTime, ReplayOptions  # noqa: PLC0415
    from starwatch.sources.files import open_files  # noqa: PLC0415

    pace = pace_of(given)
    job = job_of(pace, given)
    options = replace(options, time_needed=isinstance(pace, ByTime))
    names = [file.name for file in open_files(paths, options, job.scale)]
    replay = ReplayOptions(
        pace=pace,
        start_ms=moment_ms(given["start"]) if given["start"] else start_now_ms(job),
        slide_ms=job.largest_slide_ms,
        loop=given["loop"],
        limit=given["limit"],
        batch_rows=given["batch_size"],
    )

    def open_readers() -> "Sequence[FileReader]":
        return open_files(paths, options, job.scale)

    if given["to"] is not None:
        from starwatch.cli.sending import send_replay  # noqa: PLC0415 - only where it is asked for

        return send_replay(job, given, open_readers, replay)
    if given["state"] is not None:
        return _lasting(job, given, names, open_readers, replay)
    if given["again"]:
        raise BadSetting("--again needs a state to forget", hint="Use it with --state DIR")
    if given["keep"]:
        raise BadSetting("--keep and --keep-size are of a state", hint="Use them with --state DIR")
    catalogue = given_catalogue(given)
    return Run(job, given, names, catalogue=catalogue).replay(open_readers, replay)


def _lasting(
    job: "Job",
    given: Mapping[str, Any],
    names: "Sequence[str]",
    open_readers: "Callable[[], Sequence[FileReader]]",
    options: "ReplayOptions",
) -> int:
    """The same with a state directory; goes on where an earlier run was."""
    from starwatch.cli.running import Run  # noqa: PLC0415 - imports numpy, pyarrow
    from starwatch.cli.views import watched  # noqa: PLC0415
    from starwatch.service.pruning import remember  # noqa: PLC0415
    from starwatch.service.state import State, file_facts, job_facts, pace_facts  # noqa: PLC0415

    if given["rejects"] or given["late"]:
        raise BadSetting(
            "--rejects and --late write what one run saw, and a state outlives runs",
            hint="Use `starwatch rejects --state DIR` and `starwatch late --state DIR`",
        )
    catalogue = given_catalogue(given)
    with State(Path(given["state"]), again=given["again"], rhythm=_rhythm(given)) as state:
        start_ms = state.journal.fact("start_ms")
        if start_ms is None or given["start"]:
            start_ms = options.start_ms
        facts = {
            "job": job_facts(job),
            "files": file_facts(names),
            "pace": pace_facts(options),
            "start_ms": start_ms,
        }
        known = state.belongs_to(facts)
        if not known:
            state.journal.note({"begun_ms": int(time.time() * 1000)})
        remember(state.journal, given["keep"])
        finished = known and state.journal.fact("finished")
        catalogue = lasting_catalogue(catalogue, state, needed=watched(given))
        run = Run(job, given, names, catalogue=catalogue, state=state)
        if finished:
            run.catch_up()
            click.echo(
                f"the replay in {given['state']} is finished; --again plays it anew", err=True
            )
            return 0
        try:
            return run.replay(open_readers, replace(options, start_ms=start_ms))
        except BrokenInput as error:
            raise BrokenInput(error.message, hint=_KEPT) from error


def _rhythm(given: Mapping[str, Any]) -> "Rhythm":
    """The defaults, but for what a test asks for."""
    from starwatch.service.rhythm import Rhythm  # noqa: PLC0415 - only with a state

    names = ("commit_ratings", "snapshot_seconds", "seal_ratings", "merge_files")
    return Rhythm(**{name: given[name] for name in names if given[name] is not None})
