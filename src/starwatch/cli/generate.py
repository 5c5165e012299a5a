"""`starwatch generate`: write a file of made-up ratings."""

import sys
from collections.abc import Callable
from pathlib import Path
from time import monotonic
from typing import TYPE_CHECKING, Any

import click

from starwatch.errors import BadSetting, OutputFailed

if TYPE_CHECKING:
    from starwatch.generator.options import ShopOptions
    from starwatch.generator.shop import Shop

_TERMINAL_EVERY = 0.1
_PLAIN_EVERY = 5.0


@click.command("generate", short_help="write a file of made-up ratings")
@click.option(
    "--out",
    required=True,
    metavar="FILE",
    help="Where to: .csv, .jsonl (each also .gz or .zst), .parquet; - is CSV to standard output.",
)
@click.option("--products", default=1000, show_default=True, help="How many products.")
@click.option("--rate", default=100.0, show_default=True, help="Mean ratings a second.")
@click.option("--for", "span", default="1h", show_default=True, help="Span of event time.")
@click.option("--start", default="2026-01-01T00:00:00Z", show_default=True, help="First moment.")
@click.option("--seed", default=1, show_default=True, help="Decides all that is left to chance.")
@click.option("--scale", default="1..5/1", show_default=True, help="Stars: LOWEST..HIGHEST/STEP.")
@click.option("--zipf", default=1.1, show_default=True, help="Exponent of popularity by rank.")
@click.option("--reviewers", type=int, help="Size of their pool [default: 5 a product].")
@click.option(
    "--rhythm/--no-rhythm",
    default=None,
    help="More ratings in the evening, at the same mean [default: for spans over 6h].",
)
@click.option("--disorder", default="0s", show_default=True, help="Largest delay of a rating.")
@click.option("--duplicates", default=0.0, show_default=True, help="Exact repeats, as a share.")
@click.option("--malformed", default=0.0, show_default=True, help="Broken rows, as a share.")
@click.option("--incidents", default=0, show_default=True, help="Incidents over the span.")
@click.option("--ids", is_flag=True, help="Add a column with an id of each rating.")
@click.option("--labels", metavar="FILE", help="Write the incidents there, as CSV.")
@click.option("--catalogue", metavar="FILE", help="Write ids, names and categories, as CSV.")
@click.option("--force", is_flag=True, help="Replace files that are there already.")
@click.option("--quiet", is_flag=True, help="Say nothing but errors.")
def command(**given: Any) -> None:
    """Write a file of made-up ratings, the same for the same options."""
    targets = [given[name] for name in ("out", "labels", "catalogue") if given[name]]
    _check_targets(targets, force=given["force"])
    options = _options(given)

    from starwatch.generator.files import write_catalogue, write_labels  # noqa: PLC0415
    from starwatch.generator.shop import Shop  # noqa: PLC0415

    shop = Shop(options)
    if given["catalogue"]:
        write_catalogue(shop, Path(given["catalogue"]))
    if given["labels"]:
        write_labels(shop, Path(given["labels"]))
    progress = _progress(options, quiet=given["quiet"])
    rows, size = _write(shop, given["out"], ids=given["ids"], progress=progress)
    if not given["quiet"]:
        _say_summary(given, rows, size)


def _check_targets(targets: list[str], *, force: bool) -> None:
    paths = [Path(target).absolute() for target in targets]
    if len(set(paths)) < len(paths):
        raise BadSetting("two files have one name", hint="Give each its own")
    for target in targets:
        if target != "-" and Path(target).exists() and not force:
            raise BadSetting(f"{target} is there already", hint="--force replaces it")
    from starwatch.generator.files import Form  # noqa: PLC0415

    if targets[0] != "-":
        Form.of(Path(targets[0]))


def _options(given: dict[str, Any]) -> "ShopOptions":
    from starwatch.generator.options import ShopOptions  # noqa: PLC0415
    from starwatch.ratings.durations import duration_ms, moment_ms  # noqa: PLC0415
    from starwatch.ratings.scale import Scale  # noqa: PLC0415

    same = "products rate seed zipf reviewers rhythm duplicates malformed incidents"
    return ShopOptions(
        span_ms=duration_ms(given["span"]),
        start_ms=moment_ms(given["start"]),
        disorder_ms=duration_ms(given["disorder"]),
        scale=Scale.parse(given["scale"]),
        **{name: given[name] for name in same.split()},
    )


def _write(
    shop: "Shop", out: str, *, ids: bool, progress: Callable[[int], None]
) -> tuple[int, int | None]:
    """Write the ratings; the number of rows, and the bytes where they are a file."""
    from starwatch.generator.files import Form, Writing, write_file, write_stream  # noqa: PLC0415

    writing = Writing(ids=ids, progress=progress)
    if out == "-":
        try:
            rows = write_stream(shop, sys.stdout.buffer, Form.CSV, writing)
            sys.stdout.buffer.flush()
        except BrokenPipeError:
            raise
        except OSError as error:
            raise OutputFailed(f"standard output cannot be written: {error.strerror}") from error
        return rows, None
    rows = write_file(shop, Path(out), writing)
    return rows, Path(out).stat().st_size


def _progress(options: "ShopOptions", *, quiet: bool) -> Callable[[int], None]:
    """Tell of the rows so far: one line that changes on a terminal, otherwise one now and then."""
    if quiet:
        return lambda _rows: None
    started = told = monotonic()
    copies = 1 + options.duplicates + options.malformed
    total = max(options.rate * (options.span_ms or 0) / 1000 * copies, 1)
    is_terminal = sys.stderr.isatty()
    every = _TERMINAL_EVERY if is_terminal else _PLAIN_EVERY

    def tell(rows: int) -> None:
        nonlocal told
        now = monotonic()
        if now - told < every:
            return
        told = now
        share, speed = min(rows / total, 1.0), rows / (now - started)
        line = f"{rows:,} rows, {share:.0%}, {speed:,.0f} rows/s"
        click.echo(f"\r\x1b[K{line}" if is_terminal else line, err=True, nl=not is_terminal)

    return tell


def _say_summary(given: dict[str, Any], rows: int, size: int | None) -> None:
    if sys.stderr.isatty():
        click.echo("\r\x1b[K", err=True, nl=False)
    weight = "" if size is None else f", {size:,} bytes"
    click.echo(
        f"{given['out']}: {rows:,} rows, {given['products']:,} products, span {given['span']}, "
        f"seed {given['seed']}{weight}",
        err=given["out"] == "-",
    )
