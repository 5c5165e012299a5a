"""`starwatch ledger`: both books of a state, or those of a job on Flink."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from starwatch.cli.state_option import job_of, reading

if TYPE_CHECKING:
    from starwatch.journal.commit import Position


@click.command("ledger", short_help="print both books of a state, or those of a job on Flink")
@click.option("--state", metavar="DIR", help="The state directory; it may be in use.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object, for machines.")
@click.option(
    "--engine",
    type=click.Choice(["embedded", "flink"]),
    default="embedded",
    show_default=True,
    help="Whose books: those of a state, or what a job on Apache Flink wrote, against its topics.",
)
@click.option("--config", metavar="FILE", help="Flink: the settings of the job, a TOML file.")
@click.option(
    "--source",
    "sources",
    multiple=True,
    metavar="URL",
    help="Flink: where ratings come from, as for `flink submit` [default: those of --config].",
)
@click.option("--scale", metavar="LOWEST..HIGHEST/STEP", help="Flink: stars [default: 1..5/1].")
@click.option(
    "--begin",
    "begins",
    multiple=True,
    metavar="TOPIC/PARTITION=OFFSET",
    help="Flink: where the job began, if not at offset 0; repeatable.",
)
def command(**given: Any) -> int:
    """Print both books as the last commit left them, per source and per window.

    Files that were backfilled have a line and a sum of their own.

    With --engine flink: every message that Flink has read, by what it found of it, and what is
    pending in open windows; all topics are read once for that. With --state too, whether the books
    of that state agree, and how far it is behind.

    Exits with 1 where they do not balance, or the sources do not sum up to the first of them.
    """
    if given["engine"] == "flink":
        return _flink_ledger(given)
    if given["state"] is None:
        raise click.MissingParameter(param_hint="'--state'", param_type="option")
    return _state_ledger(given["state"], as_json=given["as_json"])


def _flink_ledger(given: Mapping[str, Any]) -> int:
    from starwatch.errors import BadSetting  # noqa: PLC0415 - only when the command runs

    try:
        from starwatch.cli.ledger_flink import flink_ledger  # noqa: PLC0415 - an extra
    except ImportError as error:
        raise BadSetting(
            f"Flink's books are in Kafka, which needs the package {error.name!r}",
            hint="Install it: pip install 'starwatch[kafka]'",
        ) from error
    return flink_ledger(given)


def _state_ledger(state: str, *, as_json: bool) -> int:
    import msgspec  # noqa: PLC0415 - only when the command runs

    from starwatch.admission.ledger import Books  # noqa: PLC0415
    from starwatch.cli.source_books import sources_fault  # noqa: PLC0415
    from starwatch.errors import BadState  # noqa: PLC0415
    from starwatch.terminal.backfills import backfill_lines  # noqa: PLC0415
    from starwatch.terminal.summary import books_lines  # noqa: PLC0415

    with reading(state) as journal, journal.at_one_moment():
        job, kept = job_of(journal, state), journal.fact("books")
        if kept is None:
            raise BadState(f"no commit is in {state} yet", hint="Start the run that makes it")
        books = msgspec.convert(kept, Books)
        positions, backfills = journal.positions().values(), journal.backfills()
    fault = sources_fault(positions, books)
    balanced = books.balanced and not fault and all(each.balanced for each in backfills)
    if as_json:
        click.echo(json.dumps(_values(state) | {"balanced": balanced}, indent=2))
        return 0 if balanced else 1
    lines = [*books_lines(books, job["windows"]), *map(_source, positions)]
    lines += [fault] if fault else []
    click.echo("\n".join([*lines, *backfill_lines(backfills)]))
    return 0 if balanced else 1


def _values(state: str) -> dict[str, Any]:
    """The books as the page's API gives them."""
    from starwatch.page.api.status import ledger_values  # noqa: PLC0415 - imports much
    from starwatch.views import Views  # noqa: PLC0415

    with Views.open(Path(state)) as views:
        return ledger_values(views.about())


def _source(position: "Position") -> str:
    counted, duplicate, late, rejected = position.classes
    received = position.ratings + position.rejects
    return (
        f"{position.name}: {received:,} = {counted:,} counted + {duplicate:,} duplicate"
        f" + {late:,} late + {rejected + position.rejects:,} rejected"
    )
