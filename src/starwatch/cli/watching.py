"""Wires a service together: state, sources, sinks, page, view, signals."""

import logging
import socket
import time
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager, nullcontext
from dataclasses import dataclass, field
from threading import Timer
from typing import Any

from starwatch import __version__
from starwatch.cli.catalogue_option import lasting_catalogue
from starwatch.cli.http_serving import listening
from starwatch.cli.keep_options import chosen_keep, kept_bytes
from starwatch.cli.running import stopped_by_signals
from starwatch.cli.views import is_terminal
from starwatch.ports import LiveSource, RowContext
from starwatch.ratings.catalogue import Catalogue
from starwatch.service.live import Service
from starwatch.service.privacy import prepared, remember_reviewers
from starwatch.service.pruning import remember
from starwatch.service.state import State, job_facts
from starwatch.settings.http_section import HttpSection
from starwatch.settings.sources import Settings
from starwatch.sinks.registry import Output
from starwatch.sources.http_door.source import HttpSource
from starwatch.terminal.plain import PlainLines
from starwatch.windows.job import Job
from starwatch.windows.rows import WindowRows

_LOG = logging.getLogger(__name__)

_REST_SECONDS = 0.25


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """What a service is made of, besides its state.

    Attributes:
        job: The rules.
        sources: Where ratings come from.
        outputs: Where rows go.
        http: How it listens.
        posted: Which of the sources takes ratings by HTTP; None: none does.
        bound: A socket that listens already.
        by_records: Whether windows go by the time of records.
        catalogue: What products are called, to be kept in the state.
        facts: What else a state must say of itself to belong to this service.
        lines_from_ms: Windows that end before it are no lines.
        seconds: How long it runs; None: until somebody ends it.
    """

    job: Job
    sources: Sequence[LiveSource]
    outputs: Sequence[Output]
    http: HttpSection
    posted: HttpSource | None = None
    bound: socket.socket | None = None
    by_records: bool = False
    catalogue: Catalogue | None = None
    facts: Mapping[str, Any] = field(default_factory=dict)
    lines_from_ms: int = 0
    seconds: float | None = None


def watch(
    state: State,
    parts: Parts,
    settings: Settings,
    given: Mapping[str, Any],
    *,
    beside: AbstractContextManager[None] = nullcontext(),  # noqa: B008 - it holds nothing
) -> Service:
    """Run a service until it ends; returns it, drained.

    Args:
        state: Held for writing.
        parts: What it is made of.
        settings: Those of the state and of privacy count here.
        given: The options of the command: `quiet` and `sort`.
        beside: What runs as long as the service does.
    """
    facts = {"job": job_facts(parts.job), "live": True, "by_records": parts.by_records}
    if not state.belongs_to({**facts, **parts.facts}):
        state.journal.note({"begun_ms": time.time_ns() // 1_000_000})
    remember_reviewers(state.journal, settings.privacy.reviewers)
    remember(state.journal, chosen_keep(settings.state.keep, settings.state.keep_size))
    rows: deque[WindowRows] = deque()
    service = Service(
        state,
        parts.job,
        parts.sources,
        parts.outputs,
        closed=rows.append,
        prepare=prepared(settings.privacy.reviewers, state.directory),
        by_records=parts.by_records,
        backlog_bytes=kept_bytes(settings.state.backlog),
    )
    catalogue = lasting_catalogue(parts.catalogue, state, needed=is_terminal())
    with ExitStack() as stack:
        stop = stack.enter_context(stopped_by_signals())
        stack.enter_context(beside)
        page = ""
        if parts.http.enabled:
            page = stack.enter_context(
                listening(
                    service, parts.http, state.directory, source=parts.posted, bound=parts.bound
                )
            )
        _LOG.info("starwatch %s watches, state in %s", __version__, state.directory)
        view = _View(service, rows, given, catalogue=catalogue, page=page)
        rest = stack.enter_context(view.shown(parts.lines_from_ms))
        if parts.seconds is not None:
            timer = Timer(parts.seconds, service.ask_to_stop)
            timer.start()
            stack.callback(timer.cancel)
        service.run(stop, rest)
    return service


@dataclass(frozen=True, slots=True)
class _View:
    """What a person sees of a service in a terminal: a table, lines, or nothing."""

    service: Service
    rows: deque[WindowRows]
    given: Mapping[str, Any]
    catalogue: Catalogue | None
    page: str

    def shown(self, from_ms: int) -> AbstractContextManager[Callable[[], float]]:
        """It as a function to call again and again."""
        if self.given["quiet"]:
            return nullcontext(self._forget)
        return self._table() if is_terminal() else self._lines(from_ms)

    @contextmanager
    def _table(self) -> Iterator[Callable[[], float]]:
        from starwatch.terminal.live import LiveTable  # noqa: PLC0415 - imports rich
        from starwatch.terminal.order import SortKey  # noqa: PLC0415

        service, engine = self.service, self.service.engine.engine
        names = self.catalogue.name_of() if self.catalogue else None
        sort = SortKey(self.given["sort"])
        with LiveTable(engine, self._context(), sort=sort, names=names, page=self.page) as table:

            def draw() -> float:
                while self.rows:
                    table.closed(self.rows.popleft())
                now = time.monotonic()
                if table.seconds_to_refresh(now) <= 0:
                    with service.operating.lock:
                        table.refresh_if_due(now, service.clock.now_ms(), engine.watermark_ms)
                if table.quit:
                    service.ask_to_stop()
                return max(table.seconds_to_refresh(time.monotonic()), 0.01)

            yield draw

    @contextmanager
    def _lines(self, from_ms: int) -> Iterator[Callable[[], float]]:
        lines = PlainLines(self._context())

        def write() -> float:
            while self.rows:
                rows = self.rows.popleft()
                lines.write(rows.take(rows.end_ms >= from_ms))
            lines.flush()
            return _REST_SECONDS

        yield write
        write()

    def _forget(self) -> float:
        self.rows.clear()
        return _REST_SECONDS

    def _context(self) -> RowContext:
        engine = self.service.engine.engine
        return RowContext(engine.job, engine.products)
