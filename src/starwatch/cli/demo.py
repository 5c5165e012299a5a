"""`starwatch demo`: play a generated shop live in the terminal."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import click

from starwatch.cli.job_options import job_options, output_options

if TYPE_CHECKING:
    from starwatch.generator.shop import Shop
    from starwatch.replay.events import Event


@click.command("demo", short_help="play a generated shop live in the terminal")
@click.option("--products", default=200, show_default=True, help="How many products it sells.")
@click.option("--rate", default=20.0, show_default=True, help="Mean ratings a second.")
@click.option("--seed", default=1, show_default=True, help="Decides all that is left to chance.")
@click.option("--for", "span", metavar="DURATION", help="End after this time [default: never].")
@job_options
@output_options
def command(*, products: int, rate: float, seed: int, span: str | None, **given: Any) -> int:
    """Play a made-up shop live, with an incident every minute and a half; Ctrl-C ends it.

    Windows are 30s/5s by arrival unless told otherwise.
    """
    from starwatch.cli.running import INTERRUPTED, Run, start_now_ms  # noqa: PLC0415 - slow imports
    from starwatch.generator.options import ShopOptions  # noqa: PLC0415
    from starwatch.generator.shop import Shop  # noqa: PLC0415
    from starwatch.ratings.durations import duration_ms  # noqa: PLC0415
    from starwatch.settings.job import build_job, given_settings  # noqa: PLC0415

    flags = {name: given[name] for name in ("window", "time", "bound", "lateness", "duplicates")}
    settings = given_settings(flags, given["config"])
    settings.setdefault("time", "arrival")
    job = build_job(settings, replay=True)
    start = start_now_ms(job)
    shop = Shop(
        ShopOptions(
            products=products,
            rate=rate,
            seed=seed,
            span_ms=duration_ms(span) if span else None,
            start_ms=start,
            scale=job.scale,
            incident_every_ms=_INCIDENT_EVERY_MS,
        )
    )
    run = Run(job, {**given, "fast": False}, ["demo"], catalogue=shop.catalogue())
    code = run.play(_events(shop), start_ms=start, batch_rows=1 << 16)
    return 0 if code == INTERRUPTED else code


_INCIDENT_EVERY_MS = 90_000


def _events(shop: "Shop") -> Iterator["Event"]:
    from starwatch.replay.events import Joins  # noqa: PLC0415 - with the rest of the engine

    yield Joins((0,))
    position = 0
    for step in shop.live():
        yield shop.batch(step.rows, position=position, ids=False)
        position += len(step.rows)
