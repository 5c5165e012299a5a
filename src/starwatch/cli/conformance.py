"""`starwatch conformance`: the same streams on several engines, compared to the digit."""

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from starwatch.cli.cluster_option import cluster_option, jar_option
from starwatch.errors import BadSetting, Mismatch

if TYPE_CHECKING:
    from starwatch.conformance.on_flink import OnFlink
    from starwatch.conformance.run import Conformance, Outcome

_ENGINES = ("embedded", "recompute", "flink")


@click.command("conformance", short_help="run the same streams on several engines and compare")
@click.argument("paths", nargs=-1, type=click.Path(path_type=Path))
@click.option(
    "--engines",
    default="embedded,recompute",
    show_default=True,
    metavar="LIST",
    help="Which of embedded, recompute and flink, with commas; embedded is always one of them.",
)
@click.option("--scenarios/--no-scenarios", default=True, help="Leave the scenarios out.")
@click.option(
    "--random",
    "number",
    type=click.IntRange(min=0),
    default=6,
    show_default=True,
    help="How many streams by the generator.",
)
@click.option(
    "--seed", type=click.IntRange(min=0), default=1, show_default=True, help="What decides those."
)
@click.option(
    "--ratings",
    type=click.IntRange(min=1),
    default=2_000,
    show_default=True,
    help="How many ratings each of them has.",
)
@cluster_option
@click.option(
    "--kafka",
    metavar="HOST:PORT",
    default="127.0.0.1:9092",
    show_default=True,
    help="Kafka, as both this machine and the cluster of Flink reach it.",
)
@jar_option
def command(paths: tuple[Path, ...], **given: Any) -> None:
    """Run scenarios and generated streams on several engines, and compare windows and books.

    PATHS are scenario files and folders of them; without, those that come with Starwatch. On Flink
    those run that are promised to be equal there; of the others a line says why not. Topics and
    jobs that this takes have names of their own and are gone afterwards.

    Exits with 1 unless everything agrees.
    """
    from starwatch.cli.scenario import scenario_files  # noqa: PLC0415 - these import numpy, duckdb
    from starwatch.conformance.generated import generated  # noqa: PLC0415
    from starwatch.scenarios.script import SHIPPED, read_script  # noqa: PLC0415

    began = time.monotonic()
    engines = _engines(given["engines"])
    if paths and not given["scenarios"]:
        raise BadSetting("scenarios are named and left out", hint="Leave out --no-scenarios")
    files = scenario_files(paths or (SHIPPED,)) if given["scenarios"] else ()
    scripts = [read_script(path) for path in files]
    streams = [generated(n, given["seed"], given["ratings"]) for n in range(given["number"])]
    if not (scripts or streams):
        raise BadSetting("there is nothing to run", hint="Give --scenarios or --random N")
    with _conformance(engines, given) as conformance:
        outcomes = [_told(outcome) for outcome in conformance.run(scripts, streams)]
    failed = sum(bool(outcome.differences) for outcome in outcomes)
    left = sum(outcome.note.startswith("not on Flink") for outcome in outcomes)
    ran = f"{len(outcomes)} streams on {', '.join(engines)}"
    ran += f", {left} of them not on Flink" if left else ""
    equal, seconds = len(outcomes) - failed, time.monotonic() - began
    click.echo(f"{ran}: {equal} equal, {failed} differ; {seconds:.0f} s")
    if failed:
        raise Mismatch(f"{failed} of {len(outcomes)} streams differ", hint="How, stands above")


def _engines(text: str) -> list[str]:
    names = [name.strip() for name in text.split(",")]
    for name in names:
        if name not in _ENGINES:
            raise BadSetting(
                f"there is no engine {name!r}", hint=f"Engines are {', '.join(_ENGINES)}"
            )
    if "embedded" not in names or len(set(names)) < 2:  # noqa: PLR2004
        raise BadSetting(
            f"--engines {text} compares nothing",
            hint="Name embedded, which the others are compared with, and another one",
        )
    return [name for name in _ENGINES if name in names]


@contextmanager
def _conformance(engines: Sequence[str], given: dict[str, Any]) -> "Iterator[Conformance]":
    from starwatch.cli.recomputing import rules_of  # noqa: PLC0415 - these import duckdb
    from starwatch.conformance.run import Conformance  # noqa: PLC0415
    from starwatch.recompute.ratings import open_database  # noqa: PLC0415

    flink = _flink(given) if "flink" in engines else None
    with open_database() as database:
        yield Conformance(database, rules_of, recomputes="recompute" in engines, flink=flink)


def _flink(given: dict[str, Any]) -> "OnFlink":
    try:
        from starwatch.clients.kafka import read_address  # noqa: PLC0415 - an extra
        from starwatch.conformance.on_flink import OnFlink  # noqa: PLC0415
    except ImportError as error:
        raise BadSetting(
            f"Flink reads Kafka, which needs the package {error.name!r}, which is not here",
            hint="Install it: pip install 'starwatch[kafka]'",
        ) from error
    from starwatch.flink.rest import Cluster  # noqa: PLC0415

    where, _, choices = given["kafka"].removeprefix("kafka://").partition("?")
    url = f"kafka://{where.rstrip('/')}/any" + (f"?{choices}" if choices else "")
    address = read_address(url, {}, known=(), owned=())
    return OnFlink(Cluster(given["cluster"]), address, given["jars"])


def _told(outcome: "Outcome") -> "Outcome":
    """Print how a stream came out."""
    word = "differs" if outcome.differences else "equal  "
    note = f" ({outcome.note})" if outcome.note else ""
    click.echo(f"{word}  {outcome.stream.name}: {outcome.stream.title}{note}")
    for line in outcome.differences:
        click.echo(f"         {line}")
    return outcome
