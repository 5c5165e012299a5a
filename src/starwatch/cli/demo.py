"""`starwatch demo`: watch a made-up shop live, on the page and in the terminal."""

import os
from contextlib import nullcontext
from typing import Any

import click

from starwatch.cli.job_options import job_options
from starwatch.errors import BadSetting

# As in `run`: the system's allocator gives memory back.
os.environ.setdefault("ARROW_DEFAULT_MEMORY_POOL", "system")


@click.command("demo", short_help="watch a made-up shop live, on the page and in the terminal")
@click.option(
    "--products", type=int, metavar="N", help="How many products it sells [default: 200]."
)
@click.option("--rate", type=float, metavar="R", help="Mean ratings a second [default: 20].")
@click.option(
    "--seed", type=int, metavar="N", help="Decides all that is left to chance [default: 1]."
)
@click.option(
    "--past",
    metavar="DURATION",
    help="How long ago it opened; what it was rated since then is there at once [default: 1h].",
)
@click.option("--for", "span", metavar="DURATION", help="End after this time [default: never].")
@click.option(
    "--state",
    metavar="DIR",
    help="Keep everything there; started again, the shop goes on [default: gone at the end].",
)
@click.option("--again", is_flag=True, help="With --state: forget what is there, begin anew.")
@click.option(
    "--sink",
    "sinks",
    multiple=True,
    metavar="URL",
    help="Where window rows go: a file as jsonl:w.jsonl, or a URL; repeatable.",
)
@click.option("--host", metavar="ADDRESS", help="Address of the page [default: 127.0.0.1].")
@click.option(
    "--port",
    type=click.IntRange(0, 65535),
    metavar="N",
    help="Its port [default: 8321, or a free one where that is taken].",
)
@click.option("--no-http", is_flag=True, help="No page.")
@click.option(
    "--sort",
    type=click.Choice(["count", "mean", "change", "product"]),
    default="count",
    show_default=True,
    help="What the live table is sorted by.",
)
@click.option("--quiet", is_flag=True, help="Show nothing but errors.")
@job_options
def command(**given: Any) -> int:
    """Watch a made-up shop live, with an incident every minute and a half; Ctrl-C ends it.

    The first line says where the page is. Windows are 30s/5s by event time with a bound of 2 s,
    and duplicates go by ids, unless told otherwise.
    """
    from starwatch.cli.addresses import address_of, bound, http_section  # noqa: PLC0415
    from starwatch.cli.shop_options import demo_job, demo_shop  # noqa: PLC0415
    from starwatch.ratings.durations import duration_ms  # noqa: PLC0415
    from starwatch.settings.sources import read_all  # noqa: PLC0415

    settings = read_all(given["config"])
    if given["again"] and not given["state"]:
        raise BadSetting("--again needs a state to forget", hint="Use it with --state DIR")
    given["seconds"] = duration_ms(given["span"]) / 1000 if given["span"] else None
    job = demo_job(given)
    shop = demo_shop(job, given)
    if given["sinks"]:
        from starwatch.sinks.registry import parse_outputs  # noqa: PLC0415 - few need it

        parse_outputs(given["sinks"])  # what is wrong is said before anything is begun
    http = http_section(settings, given)
    with bound(http) if http.enabled else nullcontext() as listening:
        if listening and not given["quiet"]:
            port = listening.getsockname()[1]
            taken = f" (port {http.port} is taken)" if http.port not in (0, port) else ""
            click.echo(f"the page is at {address_of(listening, http)}{taken}")

        from starwatch.cli.demonstrating import demonstrate  # noqa: PLC0415 - slow: behind the line

        return demonstrate(settings, given, job=job, shop=shop, http=http, bound=listening)
