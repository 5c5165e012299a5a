"""`starwatch export`: windows of any size of a state's past, drawn from its panes."""

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from starwatch.cli.state_option import refuse_inside, state_option
from starwatch.errors import BadSetting

if TYPE_CHECKING:
    import pyarrow as pa

    from starwatch.exports.about import About
    from starwatch.recompute.drawing import Drawing

_FORMATS = ("csv", "parquet", "xlsx")

_Write = Callable[[str, "About", Iterable["pa.RecordBatch"]], int]


@click.command("export", short_help="write windows of a state's past to a file")
@state_option
@click.option("--out", required=True, metavar="FILE", help="Where to; - is standard output.")
@click.option(
    "--format",
    "kind",
    type=click.Choice(_FORMATS),
    help="What to write (default: by the ending of --out). xlsx needs pip install"
    " 'starwatch[excel]'.",
)
@click.option(
    "--window",
    "windows",
    multiple=True,
    metavar="SIZE[/SLIDE]",
    help="Which windows, as 1h/5m or 1d/1h+15m (default: those of the state). Repeatable.",
)
@click.option("--from", "begin", metavar="MOMENT", help="Only windows that start then or later.")
@click.option("--to", "end", metavar="MOMENT", help="Only windows that end then or earlier.")
@click.option("--product", "products", multiple=True, metavar="ID", help="Only this. Repeatable.")
@click.option(
    "--as-emitted",
    is_flag=True,
    help="Without the ratings that came after a window was gone, as a run emits it.",
)
@click.option(
    "--memory", metavar="SIZE", help="How much memory it may take, as 4GB; the rest goes to disk."
)
@click.option("--scratch", metavar="DIR", help="Where to, if memory does not suffice.")
def command(*, state: str, out: str, kind: str | None, **given: Any) -> None:
    """Write the past of a state in windows of any size that its panes can be put together to.

    A row is one product in one window that has closed; rows come by window end and product.
    Windows are complete, with all late ratings, unless --as-emitted is given. The state may be in
    use: all rows are of one moment.
    """
    kind = _kind(out, kind)
    if out != "-":
        refuse_inside(out, state)
    from starwatch.cli.exporting import history_of  # noqa: PLC0415 - imports pyarrow
    from starwatch.recompute.ratings import open_database  # noqa: PLC0415

    write, batch_rows = _writer(kind)
    with (
        history_of(state, given) as history,
        open_database(given["memory"], given["scratch"]) as database,
    ):
        drawing = history.drawing(database)
        if kind == "xlsx":
            _check_room(drawing)
        number = write(out, history.about, drawing.batches(batch_rows))
    facts = history.about.facts()
    click.echo(
        f"{number:,} rows of {facts['windows']}; from: {facts['from']}; to: {facts['to']}; put"
        f" together of panes of {facts['panes']}; {facts['values']}",
        err=True,
    )


def _kind(out: str, kind: str | None) -> str:
    """The format that is asked for, or that the ending of the file tells."""
    ending = "csv" if out == "-" else Path(out).suffix.lower().removeprefix(".")
    kind = kind or ending
    if kind not in _FORMATS:
        raise BadSetting(
            f"the ending of {out} does not tell its format",
            hint="Name it .csv, .parquet or .xlsx, or give --format",
        )
    if out == "-" and kind != "csv":
        raise BadSetting(f"{kind} cannot go to standard output", hint=f"Name a file: means.{kind}")
    return kind


def _writer(kind: str) -> tuple[_Write, int]:
    """What writes a format, and how many rows it takes at once."""
    if kind == "csv":
        from starwatch.exports import csv  # noqa: PLC0415 - only the one that is asked for

        return csv.write_csv, csv.BATCH_ROWS
    if kind == "parquet":
        from starwatch.exports import parquet  # noqa: PLC0415

        return parquet.write_parquet, parquet.BATCH_ROWS
    try:
        from starwatch.exports import excel  # noqa: PLC0415
    except ImportError:
        raise BadSetting(
            "xlsx needs the package xlsxwriter, which is not here",
            hint="Install it: pip install 'starwatch[excel]'",
        ) from None
    return excel.write_excel, excel.BATCH_ROWS


def _check_room(drawing: "Drawing") -> None:
    """Refuse what a sheet has no room for, before anything is written."""
    from starwatch.exports.excel import MAX_ROWS  # noqa: PLC0415 - only for this format

    if drawing.number(MAX_ROWS + 1) > MAX_ROWS:
        raise BadSetting(
            f"there are more windows than the {MAX_ROWS + 1:,} rows that a sheet can hold",
            hint="Choose fewer by --from, --to or --product, longer windows, or csv or parquet",
        )
