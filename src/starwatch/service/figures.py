"""A running service in numbers, taken without holding up its engine, or waiting for it.

Single attributes that the engine's thread replaces as a whole are read as they are. What belongs
together, the engine's own state, it leaves as one value behind each step.
"""

from typing import TYPE_CHECKING

from starwatch.outbox.budget import Backlog
from starwatch.ports import LogReader
from starwatch.service.following import Follower
from starwatch.service.supervising import Supervised
from starwatch.status import JobFigures, SinkStatus, SourceStatus

if TYPE_CHECKING:
    from starwatch.service.live import Service


def figures_of(service: "Service") -> JobFigures:
    """How a service is now; may be called from any thread."""
    durable, operating = service.engine, service.operating
    engine = operating.figures
    return JobFigures(
        now_ms=service.clock.now_ms(),
        clock_ahead_ms=service.clock.ahead_ms(),
        watermark_ms=engine.watermark_ms,
        books=engine.books,
        windows=[window.label for window in durable.engine.job.windows],
        products=engine.products,
        partitions=engine.partitions,
        closed_rows=engine.rows,
        queue_ratings=service.inbox.ratings,
        queue_bytes=service.inbox.bytes,
        commits=durable.commits.spread(),
        latency=operating.latency.spread(),
        duplicates_horizon_ms=engine.duplicates_horizon_ms,
        stopping=service.stopping,
        failed=service.failed,
        sources=[_source(source) for source in service.sources],
        sinks=[_sink(sink, engine.rows, durable.followed.backlog) for sink in service.sinks],
    )


def _source(source: Supervised) -> SourceStatus:
    door, health, adapter = source.door, source.health, source.source
    return SourceStatus(
        name=source.source.name,
        state=health.state,
        error=health.error,
        failures=health.failures,
        connected=door.is_connected,
        redelivered=door.redeliveries,
        log=adapter.log_status() if isinstance(adapter, LogReader) else None,
    )


def _sink(sink: Follower, rows: int, backlog: Backlog) -> SinkStatus:
    return SinkStatus(
        name=sink.name,
        state=sink.health.state,
        error=sink.health.error,
        failures=sink.health.failures,
        refused=sink.refusals,
        rows=sink.cursor.rows,
        backlog=max(rows - sink.cursor.rows, 0),
        backlog_bytes=backlog.behind(sink.cursor.rows),
        passed_over=sink.passed_over,
    )
