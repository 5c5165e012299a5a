"""`starwatch serve`: show a state in a browser, without a running job."""

import os
from typing import Any

import click

# As in `run`: the system's allocator gives memory back.
os.environ.setdefault("ARROW_DEFAULT_MEMORY_POOL", "system")


@click.command("serve", short_help="show a state in a browser")
@click.option(
    "--state",
    metavar="DIR",
    help="The state directory [default: ./starwatch-state]; it may be in use.",
)
@click.option("--host", metavar="ADDRESS", help="Address to listen on [default: 127.0.0.1].")
@click.option("--port", type=click.IntRange(0, 65535), metavar="N", help="Port [default: 8321].")
@click.option(
    "--config", metavar="FILE", help="A settings file, of which [http] and [state] count."
)
@click.option("--quiet", is_flag=True, help="Do not print the address.")
def command(**given: Any) -> int:
    """Show the page of a state until Ctrl-C; a job may write to it meanwhile, or none.

    Nothing is written. Beyond loopback a token is needed: STARWATCH_HTTP__TOKEN, or http.token in a
    settings file.
    """
    from starwatch.cli.showing import show  # noqa: PLC0415 - imports numpy, pyarrow

    return show(given)
