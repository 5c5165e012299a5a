"""`starwatch verify`: compute all windows another way, and compare to the digit."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from starwatch.cli.job_options import job_options
from starwatch.cli.options import input_options
from starwatch.cli.pace_options import job_of, pace_of, pace_options
from starwatch.errors import BadSetting, BadState, Mismatch

if TYPE_CHECKING:
    from starwatch.admission.ledger import Books
    from starwatch.codecs.options import InputOptions
    from starwatch.recompute.run import Recomputation
    from starwatch.windows.job import Job


@click.command("verify", short_help="compute all windows another way and compare")
@click.argument("more", nargs=-1, metavar="[FILES...]")
@click.option("--from", "files", multiple=True, metavar="FILE", help="The ratings; repeatable.")
@click.option(
    "--against",
    multiple=True,
    metavar="FILE",
    help="The rows that --output wrote: .jsonl, .csv or .parquet. Repeatable.",
)
@click.option("--state", metavar="DIR", help="All ratings of this state, instead of --from.")
@click.option(
    "--memory", metavar="SIZE", help="How much memory it may take, as 4GB; the rest goes to disk."
)
@click.option("--scratch", metavar="DIR", help="Where to, if memory does not suffice.")
@pace_options
@job_options
@input_options
def command(
    more: tuple[str, ...], files: tuple[str, ...], *, options: "InputOptions", **given: Any
) -> None:
    """Compute all windows of all ratings at once by SQL, and compare them with rows as written.

    With --from, the options are those of the replay that wrote the rows. With --state, both books
    of the state are compared, and what became of each rating.

    Exits with 1 unless everything agrees.
    """
    paths = (*files, *more)
    if bool(paths) == bool(given["state"]):
        raise BadSetting(
            "there is nothing to verify" if not paths else "--from and --state exclude each other",
            hint="Give --from FILE and --against FILE, or --state DIR",
        )
    if paths and not given["against"]:
        raise BadSetting("there is nothing to compare with", hint="Name rows: --against w.jsonl")
    if given["state"]:
        _state(given)
    else:
        _replay(paths, options, given)


def _replay(paths: Sequence[str], options: "InputOptions", given: Mapping[str, Any]) -> None:
    """Recompute a replay of files."""
    from starwatch.cli.recomputing import rules_of, take_timeline  # noqa: PLC0415 - imports pyarrow
    from starwatch.recompute.ratings import Inputs, open_database  # noqa: PLC0415
    from starwatch.recompute.run import Recomputation  # noqa: PLC0415
    from starwatch.replay.pace import ByTime, ReplayOptions  # noqa: PLC0415
    from starwatch.replay.timeline import timeline  # noqa: PLC0415
    from starwatch.sources.files import open_files  # noqa: PLC0415

    pace = pace_of(given)
    job = job_of(pace, given)
    options = replace(options, time_needed=isinstance(pace, ByTime))
    replay = ReplayOptions(
        pace=pace,
        start_ms=_start_ms(given["start"], needed=not isinstance(pace, ByTime)),
        slide_ms=job.largest_slide_ms,
        limit=given["limit"],
    )
    events = timeline(lambda: open_files(paths, options, job.scale), replay)
    with open_database(given["memory"], given["scratch"]) as database:
        take_timeline(inputs := Inputs(database), events)
        recomputation = Recomputation(inputs.database, rules_of(job))
        faults = _compare(recomputation, job, given["against"])
    _end(faults)


def _state(given: Mapping[str, Any]) -> None:
    """Recompute everything that a state has journalled."""
    import msgspec  # noqa: PLC0415 - only when the command runs

    from starwatch.admission.ledger import Books  # noqa: PLC0415
    from starwatch.cli.recomputing import job_from_facts, rules_of, take_journal  # noqa: PLC0415
    from starwatch.cli.state_option import reading  # noqa: PLC0415
    from starwatch.recompute.ratings import Inputs, open_database  # noqa: PLC0415
    from starwatch.recompute.run import Recomputation  # noqa: PLC0415
    from starwatch.service.state import RATINGS  # noqa: PLC0415

    state = given["state"]
    with (
        reading(state) as journal,
        open_database(given["memory"], given["scratch"]) as database,
    ):
        inputs = Inputs(database)
        with journal.at_one_moment():
            kept, rules = journal.fact("books"), journal.fact("job")
            if kept is None or rules is None:
                raise BadState(f"no commit is in {state} yet", hint="Start the run that makes it")
            take_journal(inputs, journal, Path(state) / RATINGS)
        job = job_from_facts(rules)
        recomputation = Recomputation(inputs.database, rules_of(job))
        faults = [*_journalled(recomputation, msgspec.convert(kept, Books))]
        faults += _compare(recomputation, job, given["against"])
    _end(faults)


def _start_ms(start: str | None, *, needed: bool) -> int:
    """When the first row arrived; by event time no row depends on it."""
    from starwatch.ratings.durations import moment_ms  # noqa: PLC0415 - only when it runs

    if start:
        return moment_ms(start)
    if needed:
        raise BadSetting(
            "windows by the pace of a replay depend on when it began",
            hint="Give --start as the replay had it; the end of the first window, less its slide, "
            "where it had none",
        )
    return 0


def _journalled(recomputation: "Recomputation", kept: "Books") -> list[str]:
    """What a state says otherwise than the recomputation: of each rating, and in its books."""
    from starwatch.cli.recomputing import books_of  # noqa: PLC0415 - imports pyarrow

    faults = []
    if other := recomputation.other_classes():
        faults.append(f"{other:,} ratings were journalled in another class")
    if books_of(recomputation.counts()) != kept:
        faults.append("the journalled books are others")
    click.echo(f"journal: {'; '.join(faults) or 'the same classes and books'}")
    return faults


def _compare(recomputation: "Recomputation", job: "Job", against: Sequence[str]) -> list[str]:
    """Compare with each file, and print what came of it and of the books; returns what differs."""
    from starwatch.cli.recomputing import books_of  # noqa: PLC0415 - imports pyarrow
    from starwatch.cli.verify_report import comparison_lines, late_lines  # noqa: PLC0415
    from starwatch.recompute.compare import compare  # noqa: PLC0415
    from starwatch.recompute.written import read_written  # noqa: PLC0415
    from starwatch.terminal.summary import books_lines  # noqa: PLC0415

    faults, labels = [], [window.label for window in job.windows]
    for path in against:
        read_written(recomputation.database, path, recomputation.rules)
        found = compare(recomputation.database, recomputation.rules)
        click.echo("\n".join(comparison_lines(path, found)))
        if not found.agree:
            faults.append(f"{path} is not what the ratings give")
    books = books_of(recomputation.counts())
    click.echo("\n".join([*books_lines(books, labels), *late_lines(recomputation, books)]))
    if not books.balanced:
        faults.append("the recomputed books do not balance")
    return faults


def _end(faults: Sequence[str]) -> None:
    if faults:
        raise Mismatch("; ".join(faults), hint="What differs stands above")
    click.echo("all agree")
