"""`starwatch run`: watch ratings as they come, until somebody stops it."""

import os
from typing import TYPE_CHECKING, Any

import click

from starwatch.cli.catalogue_option import catalogue_options
from starwatch.cli.job_options import job_options
from starwatch.cli.options import input_options

if TYPE_CHECKING:
    from starwatch.codecs.options import InputOptions
    from starwatch.ratings.scale import Scale

# Arrow's own allocator keeps what it once needed, and needs half as much again: a service stays
# small by the system's (benchmarks/soak.py). It is chosen as Arrow is loaded, behind this line.
os.environ.setdefault("ARROW_DEFAULT_MEMORY_POOL", "system")


@click.command("run", short_help="watch ratings as they come")
@click.option(
    "--source",
    "sources",
    multiple=True,
    metavar="URL",
    help="Where ratings come from: mqtt://HOST:PORT/TOPIC, kafka://HOST:PORT/TOPIC, or "
    "none but HTTP; repeatable [default: those of --config, or mqtt://127.0.0.1:1883/ratings].",
)
@click.option(
    "--sink",
    "sinks",
    multiple=True,
    metavar="URL",
    help="Where window rows go: a file as jsonl:w.jsonl, or a URL; repeatable.",
)
@click.option(
    "--broker",
    is_flag=True,
    help="Run a broker too, on loopback: Mosquitto where it is installed, its data in the state.",
)
@click.option(
    "--engine",
    type=click.Choice(["embedded", "flink"]),
    default="embedded",
    show_default=True,
    help="What counts: this process, or a job on Apache Flink, whose results are read from Kafka.",
)
@click.option("--state", metavar="DIR", help="The state directory [default: ./starwatch-state].")
@click.option("--again", is_flag=True, help="Forget what is in the state, begin anew.")
@click.option("--host", metavar="ADDRESS", help="HTTP: address to listen on [default: 127.0.0.1].")
@click.option(
    "--port", type=click.IntRange(0, 65535), metavar="N", help="HTTP: its port [default: 8321]."
)
@click.option("--no-http", is_flag=True, help="Do not listen for HTTP.")
@click.option(
    "--log-format", type=click.Choice(["text", "json"]), help="How to log [default: text]."
)
@click.option(
    "--sort",
    type=click.Choice(["count", "mean", "change", "product"]),
    default="count",
    show_default=True,
    help="What the live table is sorted by.",
)
@click.option("--quiet", is_flag=True, help="Show nothing but errors.")
@click.option("--snapshot-seconds", type=click.FloatRange(min=0), hidden=True)  # service/rhythm.py
@click.option("--seal-ratings", type=click.IntRange(min=1), hidden=True)
@catalogue_options
@job_options
@input_options
def command(*, options: "InputOptions", scale: "Scale", **given: Any) -> int:
    """Watch ratings as they come by MQTT, Kafka and HTTP, until Ctrl-C or SIGTERM.

    Everything is kept in the state directory: started again, it goes on where it was. Windows go
    by event time, where ratings have one, unless --time arrival.
    """
    from starwatch.cli.serving import serve  # noqa: PLC0415 - imports numpy, pyarrow
    from starwatch.settings.sources import read_all  # noqa: PLC0415

    return serve(read_all(given["config"]), options, scale, given)
