"""`starwatch top`: the overview of a running service in a terminal, by its API."""

import shutil

import click

_SORTS = ["count", "mean", "change", "score", "rank", "name", "product"]


@click.command("top", short_help="show a running service in the terminal")
@click.option(
    "--url",
    default="http://127.0.0.1:8321",
    show_default=True,
    metavar="URL",
    help="Where its page is.",
)
@click.option(
    "--token",
    envvar="STARWATCH_HTTP__TOKEN",
    default="",
    metavar="TOKEN",
    help="What it must be shown [default: STARWATCH_HTTP__TOKEN].",
)
@click.option(
    "--sort",
    type=click.Choice(_SORTS),
    default="count",
    show_default=True,
    help="What products are sorted by.",
)
@click.option("--search", default="", metavar="TEXT", help="Only products with it in id or name.")
@click.option(
    "--window",
    type=click.IntRange(min=0),
    default=0,
    show_default=True,
    metavar="N",
    help="Which window of the job counts, from 0.",
)
@click.option("--once", is_flag=True, help="Print one table and end; so does no terminal.")
def command(  # noqa: PLR0913 - one argument an option
    *, url: str, token: str, sort: str, search: str, window: int, once: bool
) -> None:
    """Show the products of a running service, or of `starwatch serve`, as its page does.

    It asks once a second, and goes on asking a server that is away. Without a terminal it prints
    one table.
    """
    from starwatch.cli.running import stopped_by_signals  # noqa: PLC0415 - imports pyarrow
    from starwatch.cli.views import is_terminal  # noqa: PLC0415
    from starwatch.clients.api import Api  # noqa: PLC0415
    from starwatch.terminal.overview import AROUND, Chosen, TopSort, overview  # noqa: PLC0415
    from starwatch.terminal.top import Top, asked  # noqa: PLC0415 - imports rich

    chosen = Chosen(window=window, sort=TopSort(sort), search=search, keys=False)
    api = Api(url, token=token)
    try:
        if once or not is_terminal():
            rows = max(shutil.get_terminal_size((100, 30)).lines - AROUND, 1)
            for line in overview(asked(api, chosen, rows), chosen):
                text = "".join(piece for piece, _ in line).rstrip()
                if text:
                    click.echo(text)
            return
        with stopped_by_signals() as stop:
            Top(api, chosen).run(stop)
    finally:
        api.close()
