"""`starwatch bridge`: messages from a broker or by HTTP to Kafka or by HTTP."""

from pathlib import Path
from typing import Any

import click


@click.command(short_help="take messages from MQTT or HTTP to Kafka or HTTP")
@click.option(
    "--from",
    "source",
    required=True,
    metavar="URL",
    help="mqtt://HOST:PORT/TOPIC, or http://127.0.0.1:PORT/PATH to listen there.",
)
@click.option(
    "--to",
    required=True,
    metavar="URL",
    help="kafka://HOST:PORT/TOPIC, or http://HOST:PORT/PATH to post there.",
)
@click.option(
    "--format",
    "form",
    type=click.Choice(["as-is", "csv"]),
    default="as-is",
    show_default=True,
    help="The bytes as they came, or JSON as the CSV that NiFi made of it in 2021.",
)
@click.option(
    "--key",
    type=click.Choice(["product", "none"]),
    default="product",
    show_default=True,
    help="The key in Kafka: what is of one product stays in one partition and in order.",
)
@click.option(
    "--refused",
    type=click.Path(path_type=Path),
    default="starwatch-refused.jsonl",
    show_default=True,
    metavar="FILE",
    help="Where messages are kept that cannot be delivered; lines are added.",
)
@click.option(
    "--log-format",
    type=click.Choice(["text", "json"]),
    default="text",
    show_default=True,
    help="How to log.",
)
@click.option(
    "--quiet", is_flag=True, help="Log warnings and errors alone; the books are told at the end."
)
def command(**given: Any) -> int:
    """Take messages on, one by one, until Ctrl-C or SIGTERM.

    A message is acknowledged to where it came from when it has arrived where it goes: kill the
    bridge or either side at any moment, and nothing is lost that was acknowledged; some may come
    twice. A side that is away is waited for.
    """
    from starwatch.bridge.books import Books  # noqa: PLC0415
    from starwatch.bridge.running import run_bridge  # noqa: PLC0415
    from starwatch.cli.running import stopped_by_signals  # noqa: PLC0415 - imports pyarrow
    from starwatch.terminal.logs import logged_to_stderr  # noqa: PLC0415

    books = Books()
    level = "warning" if given["quiet"] else "info"
    with logged_to_stderr(level, given["log_format"]), stopped_by_signals() as stop:
        try:
            run_bridge(
                given["source"],
                given["to"],
                form=given["form"],
                keyed=given["key"] == "product",
                refused=given["refused"],
                books=books,
                stop=stop,
            )
        finally:
            if books.taken or stop.is_set():
                click.echo(books.line(), err=True)
    return 0
