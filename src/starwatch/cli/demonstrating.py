"""Wires the demo together: a made-up shop as the only source of a service."""

import socket
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import click

from starwatch.cli.shop_options import DemoShop
from starwatch.cli.watching import Parts, watch
from starwatch.errors import BadState
from starwatch.generator.shop import Shop
from starwatch.journal.catalogue import kept_catalogue
from starwatch.journal.places import DATABASE
from starwatch.service.live import Service
from starwatch.service.memory import return_large_blocks
from starwatch.service.state import State
from starwatch.settings.http_section import HttpSection
from starwatch.settings.sources import Settings
from starwatch.sinks.registry import parse_outputs
from starwatch.sources.shop import ShopSource
from starwatch.terminal.logs import logged_to_stderr
from starwatch.terminal.summary import books_lines, number_text
from starwatch.windows.job import Job


def demonstrate(  # noqa: PLR0913
    settings: Settings,
    given: Mapping[str, Any],
    *,
    job: Job,
    shop: DemoShop,
    http: HttpSection,
    bound: socket.socket | None,
) -> int:
    """Run the demo until somebody ends it; returns the exit code.

    Args:
        settings: Those of the state's limits and of privacy count; sources and sinks do not.
        given: The options of the command.
        job: The rules.
        shop: What was asked for.
        http: How the page listens.
        bound: Where it listens already.
    """
    return_large_blocks()
    level = "error" if given["quiet"] else "warning"
    with (
        logged_to_stderr(level, settings.log.format),
        _directory(given) as directory,
        State(directory, again=given["again"]) as state,
    ):
        facts = _facts(state, shop)
        made = Shop(shop.opened(facts))
        known = kept_catalogue(directory / DATABASE)
        parts = Parts(
            job=job,
            sources=[ShopSource(made)],
            outputs=parse_outputs(given["sinks"]),
            http=http,
            bound=bound,
            catalogue=None if known else made.catalogue(),
            facts={"shop": facts},
            lines_from_ms=time.time_ns() // 1_000_000,
            seconds=given["seconds"],
        )
        service = watch(state, parts, settings, given)
        if not given["quiet"]:
            click.echo(_summary(service, job), err=True)
    return 0


@contextmanager
def _directory(given: Mapping[str, Any]) -> Iterator[Path]:
    if given["state"]:
        yield Path(given["state"])
        return
    with tempfile.TemporaryDirectory(prefix="starwatch-demo-") as folder:
        yield Path(folder)


def _facts(state: State, shop: DemoShop) -> dict[str, Any]:
    """The shop of a state, or a new one.

    Raises:
        BadState: the state belongs to something else than a demo.
        OtherState: another shop was asked for.
    """
    known = state.journal.fact("shop")
    if known is not None:
        return shop.known(known, state.directory)
    if state.journal.fact("job") is not None:
        raise BadState(
            f"the state {state.directory} is not that of a demo",
            hint="Give --state a folder of its own",
        )
    return shop.opening(time.time_ns() // 1_000_000)


def _summary(service: Service, job: Job) -> str:
    engine = service.engine
    rows = number_text(engine.rows_committed, "window row")
    products = number_text(len(engine.engine.products), "product")
    windows = [window.label for window in job.windows]
    return "\n".join([f"{rows}, {products}", *books_lines(engine.books, windows)])
