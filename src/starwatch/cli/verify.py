"""`starwatch verify`: compute all windows another way, and compare to the digit."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from starwatch.cli.job_options import job_options
from starwatch.cli.options import input_options
from starwatch.cli.pace_options import job_of, pace_of, pace_options
from starwatch.cli.state_option import refuse_inside
from starwatch.cli.verify_sheet import ENGINE, Sheet, excel_option
from starwatch.errors import BadSetting, BadState, Mismatch

if TYPE_CHECKING:
    from starwatch.admission.ledger import Books
    from starwatch.codecs.options import InputOptions
    from starwatch.journal.commit import Position
    from starwatch.recompute.run import Recomputation
    from starwatch.windows.job import Job


_OF_A_STATE = frozenset({"state", "against", "excel", "memory", "scratch"})
"""Options that mean something beside --state."""


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
@excel_option
@click.option(
    "--memory", metavar="SIZE", help="How much memory it may take, as 4GB; the rest goes to disk."
)
@click.option("--scratch", metavar="DIR", help="Where to, if memory does not suffice.")
@pace_options
@click.option("--loop", is_flag=True, help="Begin again at the end; with --limit only.")
@job_options
@input_options
def command(
    more: tuple[str, ...], files: tuple[str, ...], *, options: "InputOptions", **given: Any
) -> None:
    """Compute all windows of all ratings at once by SQL, and compare them with rows as written.

    With --from, the options are those of the replay that wrote the rows. With --state, all that is
    journalled goes through a fresh engine as well; its rows, both books of the state, its panes,
    and what became of each rating are compared.

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
    if paths and given["loop"] and not given["limit"]:
        raise BadSetting(
            "a replay with --loop has no end, so not all of it can be verified",
            hint="Give the --limit that it had, or verify its state: --state DIR",
        )
    if given["state"]:
        _refuse_rules()
    if given["state"] and given["excel"]:
        refuse_inside(given["excel"], given["state"])
    sheet = Sheet.asked(given["excel"], given["against"])
    from starwatch.recompute.room import enough_memory  # noqa: PLC0415 - imports duckdb

    with enough_memory():
        faults = _state(given, sheet) if given["state"] else _replay(paths, options, given, sheet)
    if faults:
        raise Mismatch("; ".join(faults), hint="What differs stands above")
    click.echo("all agree")


def _refuse_rules() -> None:
    """Refuse options of a replay beside a state, which goes by those that it remembers."""
    context = click.get_current_context()
    for option in context.command.params:
        source = context.get_parameter_source(str(option.name))
        if option.name not in _OF_A_STATE and source and source.name == "COMMANDLINE":
            raise BadSetting(
                f"{option.opts[0]} goes with --from; a state remembers how its ratings were played",
                hint=f"Leave out {option.opts[0]}",
            )


def _replay(
    paths: Sequence[str], options: "InputOptions", given: Mapping[str, Any], sheet: Sheet | None
) -> list[str]:
    """Recompute a replay of files; returns what differs."""
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
        loop=given["loop"],
        limit=given["limit"],
    )
    events = timeline(lambda: open_files(paths, options, job.scale), replay)
    with open_database(given["memory"], given["scratch"]) as database:
        take_timeline(inputs := Inputs(database), events)
        recomputation = Recomputation(inputs.database, rules_of(job))
        if sheet:
            sheet.check_room(recomputation)
        return _files(recomputation, given["against"], sheet) + _books(recomputation, job)


def _state(given: Mapping[str, Any], sheet: Sheet | None) -> list[str]:
    """Recompute everything that a state has journalled; returns what differs."""
    import msgspec  # noqa: PLC0415 - only when the command runs

    from starwatch.admission.ledger import Books  # noqa: PLC0415
    from starwatch.cli.recomputing import rules_of, take_journal  # noqa: PLC0415
    from starwatch.cli.state_option import reading  # noqa: PLC0415
    from starwatch.cli.verify_backfills import check_backfills  # noqa: PLC0415
    from starwatch.cli.verify_files import check_files  # noqa: PLC0415
    from starwatch.cli.verify_panes import check_panes  # noqa: PLC0415
    from starwatch.journal.places import RATINGS  # noqa: PLC0415
    from starwatch.journal.rules import job_from_facts  # noqa: PLC0415
    from starwatch.recompute.ratings import Inputs, open_database  # noqa: PLC0415
    from starwatch.recompute.run import Recomputation  # noqa: PLC0415
    from starwatch.recompute.written import take_written  # noqa: PLC0415
    from starwatch.service.rerun import emitted_again  # noqa: PLC0415

    state = given["state"]
    ratings = Path(state) / RATINGS
    with (
        reading(state) as journal,
        open_database(given["memory"], given["scratch"]) as database,
    ):
        inputs = Inputs(database)
        with journal.at_one_moment():
            kept, rules = journal.fact("books"), journal.fact("job")
            if kept is None or rules is None:
                raise BadState(f"no commit is in {state} yet", hint="Start the run that makes it")
            job = job_from_facts(rules)
            check_files(journal, Path(state))
            take_journal(inputs, journal, ratings)
            take_written(database, emitted_again(journal, ratings, job), rules_of(job))
            faults = check_backfills(journal, database, ratings)
            positions = journal.positions().values()
            panes, differing = check_panes(journal, database, Path(state), job)
        recomputation = Recomputation(inputs.database, rules_of(job))
        if sheet:
            sheet.check_room(recomputation)
        faults += _journalled(recomputation, msgspec.convert(kept, Books), positions) + differing
        click.echo(panes)
        faults += _written(recomputation, ENGINE, sheet, "what the engine makes of the journal")
        faults += _files(recomputation, given["against"], sheet)
        return faults + _books(recomputation, job)


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


def _journalled(
    recomputation: "Recomputation", kept: "Books", positions: "Iterable[Position]"
) -> list[str]:
    """What a state says otherwise than the recomputation: of each rating, and in its books."""
    from starwatch.cli.recomputing import books_of  # noqa: PLC0415 - imports pyarrow
    from starwatch.cli.source_books import sources_fault  # noqa: PLC0415

    faults = []
    if other := recomputation.other_classes():
        faults.append(f"{other:,} ratings were journalled in another class")
    if other := recomputation.other_met():
        faults.append(f"{other:,} ratings were journalled as behind another watermark")
    if books_of(recomputation.counts()) != kept:
        faults.append("the journalled books are others")
    if other_sums := sources_fault(positions, kept):
        faults.append(other_sums)
    click.echo(f"journal: {'; '.join(faults) or 'the same classes and books'}")
    return faults


def _files(
    recomputation: "Recomputation", against: Sequence[str], sheet: Sheet | None
) -> list[str]:
    """Compare with each file; returns what differs."""
    from starwatch.recompute.written import read_written  # noqa: PLC0415 - imports duckdb

    faults = []
    for path in against:
        read_written(recomputation.database, path, recomputation.rules)
        faults += _written(recomputation, path, sheet, path)
    return faults


def _written(
    recomputation: "Recomputation", label: str, sheet: Sheet | None, what: str
) -> list[str]:
    """Compare with the table `written`, and print what came of it; returns what differs."""
    from starwatch.cli.verify_report import comparison_lines  # noqa: PLC0415 - only when it runs
    from starwatch.recompute.compare import compare  # noqa: PLC0415

    found = compare(recomputation.database, recomputation.rules)
    click.echo("\n".join(comparison_lines(label, found)))
    if sheet and sheet.beside == label:
        sheet.write(recomputation)
    return [] if found.agree else [f"{what} is not what the ratings give"]


def _books(recomputation: "Recomputation", job: "Job") -> list[str]:
    """Print both books and what came late; returns what differs."""
    from starwatch.cli.recomputing import books_of  # noqa: PLC0415 - imports pyarrow
    from starwatch.cli.verify_report import late_lines  # noqa: PLC0415
    from starwatch.terminal.summary import books_lines  # noqa: PLC0415

    books = books_of(recomputation.counts())
    labels = [window.label for window in job.windows]
    click.echo("\n".join([*books_lines(books, labels), *late_lines(recomputation, books)]))
    return [] if books.balanced else ["the recomputed books do not balance"]
