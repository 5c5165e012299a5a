"""`/metrics`: the job in numbers, in the formats of Prometheus."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from prometheus_client import CollectorRegistry, ProcessCollector
from prometheus_client.exposition import choose_encoder
from prometheus_client.metrics_core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
    Metric,
)
from prometheus_client.registry import Collector
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

import starwatch
from starwatch.ports import JobStatus
from starwatch.status import DoorFigures, JobFigures, Spread

PREFIX = "starwatch_"

MOST_PLACES = 200
"""Partitions of a source that are shown, those that are the furthest behind; a server of metrics
bears no thousands of series a service."""


class Metrics(Collector):
    """Asks the job when it is asked itself; nothing is kept in between.

    Args:
        status: The job.
        door: The figures of the HTTP door; None where there is none.
    """

    def __init__(self, status: JobStatus, door: Callable[[], DoorFigures] | None = None) -> None:
        self._status, self._door = status, door
        self._registry = CollectorRegistry(auto_describe=False)
        self._registry.register(self)
        ProcessCollector(registry=self._registry)

    async def answer(self, request: Request) -> Response:
        """All metrics, in the format that was asked for."""
        encode, content_type = choose_encoder(request.headers.get("accept", ""))
        body = await run_in_threadpool(encode, self._registry)
        return Response(body, headers={"Content-Type": content_type})

    def describe(self) -> Iterable[Metric]:
        """Nothing: the job need not run yet when this is made."""
        return []

    def collect(self) -> Iterator[Metric]:
        """Every metric with its value now."""
        figures = self._status.figures()
        yield _gauge(
            "build_info", "Which version runs; always 1.", {(starwatch.__version__,): 1}, "version"
        )
        yield from _books(figures)
        yield from _flow(figures)
        yield from _sources(figures)
        yield from _logs(figures)
        yield from _sinks(figures)
        if self._door is not None:
            yield from _door(self._door())


def _books(figures: JobFigures) -> Iterator[Metric]:
    books = figures.books
    classes = ("counted", "duplicate", "late", "rejected")
    by_class = {(each,): getattr(books, each) for each in classes}
    yield _counter("ratings", "Committed ratings by class.", by_class, "class")
    yield _counter("received_ratings", "All ratings that came, committed.", {(): books.received})
    reasons = {(str(reason),): number for reason, number in books.reasons.items()}
    yield _counter("rejects", "Rejected ratings by reason.", reasons, "reason")
    labelled = list(zip(figures.windows, books.specs, strict=True))
    yield _gauge(
        "contributions",
        "Ratings times the windows each belongs to: expected, and where they are.",
        {
            (label, place): getattr(book, place)
            for label, book in labelled
            for place in ("expected", "closed", "open", "missed")
        },
        "window",
        "place",
    )
    apart = {
        ("windows " + label,): book.expected - book.closed - book.open - book.missed
        for label, book in labelled
    }
    apart[("classes",)] = books.received - sum(by_class.values()) - books.pending
    yield _gauge("ledger_imbalance", "What a book is out by; always 0.", apart, "book")


def _flow(figures: JobFigures) -> Iterator[Metric]:
    if figures.watermark_ms is not None:
        watermark = figures.watermark_ms / 1000
        yield _gauge("watermark_timestamp_seconds", "The watermark.", {(): watermark})
        lag = figures.now_ms / 1000 - watermark
        yield _gauge("watermark_lag_seconds", "How far the watermark is behind now.", {(): lag})
    ahead = figures.clock_ahead_ms / 1000
    help_text = "How far the service's clock is ahead of the wall clock."
    yield _gauge("clock_ahead_seconds", help_text, {(): ahead})
    help_text = "How long ratings took from the queue to their commit."
    yield _histogram("latency_seconds", help_text, figures.latency)
    yield _histogram("commit_seconds", "How long commits took.", figures.commits)
    yield _gauge("queue_ratings", "Ratings that wait for the engine.", {(): figures.queue_ratings})
    yield _gauge("queue_bytes", "Their bytes.", {(): figures.queue_bytes})
    yield _counter("window_rows", "Window rows committed.", {(): figures.closed_rows})
    yield _gauge("products", "Product ids that are known.", {(): figures.products})
    yield _gauge("partitions", "Partitions that are there.", {(): figures.partitions})
    if figures.duplicates_horizon_ms is not None:
        yield _gauge(
            "duplicates_horizon_seconds",
            "How far behind the watermark duplicates are recognised now.",
            {(): figures.duplicates_horizon_ms / 1000},
        )
    ready = {(): float(not figures.troubles)}
    yield _gauge("ready", "Whether /readyz says yes.", ready)


def _sources(figures: JobFigures) -> Iterator[Metric]:
    by = {(each.name,): each for each in figures.sources}
    states = {name: float(each.state == "running") for name, each in by.items()}
    yield _gauge("source_up", "Whether a source runs.", states, "source")
    connected = {name: float(each.connected) for name, each in by.items()}
    yield _gauge("source_connected", "Whether it is connected.", connected, "source")
    failures = {name: each.failures for name, each in by.items()}
    yield _counter("source_failures", "How often it broke.", failures, "source")
    redelivered = {name: each.redelivered for name, each in by.items()}
    help_text = "Ratings that the transport gave again; in no book."
    yield _counter("redelivered_ratings", help_text, redelivered, "source")


def _logs(figures: JobFigures) -> Iterator[Metric]:
    logs = {each.name: each.log for each in figures.sources if each.log is not None}
    gone = {(name,): log.gone for name, log in logs.items()}
    yield _counter("source_gone_messages", "Gone before they were read.", gone, "source")
    places = {
        (name, place.topic, str(place.partition)): place
        for name, log in logs.items()
        for place in sorted(log.places, key=lambda place: -place.lag)[:MOST_PLACES]
    }
    labels = ("source", "topic", "partition")
    positions = {of: place.position for of, place in places.items()}
    yield _gauge("source_position", "The offset behind what is committed.", positions, *labels)
    lags = {of: place.lag for of, place in places.items()}
    yield _gauge("source_lag_messages", "Offsets from there to the end.", lags, *labels)


def _sinks(figures: JobFigures) -> Iterator[Metric]:
    by = {(each.name,): each for each in figures.sinks}
    states = {name: float(each.state == "running") for name, each in by.items()}
    yield _gauge("sink_up", "Whether a sink runs.", states, "sink")
    failures = {name: each.failures for name, each in by.items()}
    yield _counter("sink_failures", "How often it broke.", failures, "sink")
    backlog = {name: each.backlog for name, each in by.items()}
    yield _gauge("sink_backlog_rows", "Committed rows that it lacks.", backlog, "sink")
    waiting = {name: each.backlog_bytes for name, each in by.items()}
    yield _gauge("sink_backlog_bytes", "What of them waits in the state.", waiting, "sink")
    passed = {name: each.passed_over for name, each in by.items()}
    help_text = "Rows that it never gets, for too much waited for it."
    yield _counter("sink_passed_over_rows", help_text, passed, "sink")
    refused = {name: each.refused for name, each in by.items()}
    yield _counter("sink_refused_rows", "Rows its target will never take.", refused, "sink")


def _door(door: DoorFigures) -> Iterator[Metric]:
    posts = {(str(status),): number for status, number in door.posts.items()}
    yield _counter("http_posts", "Posts of ratings by HTTP status.", posts, "status")
    yield _gauge("http_kept_answers", "Answers kept by Idempotency-Key.", {(): door.keys})
    yield _gauge(
        "http_kept_answers_seconds", "Age of the oldest of them.", {(): door.oldest_key_seconds}
    )
    help_text = "Bodies that wait to be handed over."
    yield _gauge("http_waiting_bytes", help_text, {(): door.waiting_bytes})


_Values = Mapping[Any, float]
"""By the labels of each, a tuple of texts."""


def _gauge(name: str, text: str, values: _Values, *labels: str) -> Metric:
    family = GaugeMetricFamily(PREFIX + name, text, labels=labels)
    for of, value in values.items():
        family.add_metric(of, value)
    return family


def _counter(name: str, text: str, values: _Values, *labels: str) -> Metric:
    family = CounterMetricFamily(PREFIX + name, text, labels=labels)
    for of, value in values.items():
        family.add_metric(of, value)
    return family


def _histogram(name: str, text: str, spread: Spread) -> Metric:
    family = HistogramMetricFamily(PREFIX + name, text)
    so_far, buckets = 0, []
    for bound, count in zip((*map(str, spread.bounds), "+Inf"), spread.counts, strict=True):
        so_far += count
        buckets.append((bound, so_far))
    family.add_metric([], buckets, spread.total)
    return family
