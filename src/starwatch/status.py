"""How a running job is, as plain values: what health, metrics and pages read."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from starwatch.admission.ledger import Books


@dataclass(frozen=True, slots=True)
class DoorFigures:
    """The HTTP door in numbers.

    Attributes:
        posts: By HTTP status, how many posts were answered since the start.
        keys: Answers kept by Idempotency-Key.
        oldest_key_seconds: Age of the oldest of them.
        waiting_bytes: Bodies that wait to be handed over.
    """

    posts: Mapping[int, int]
    keys: int
    oldest_key_seconds: float
    waiting_bytes: int


@dataclass(frozen=True, slots=True)
class PlaceStatus:
    """How far a source is in one partition of a log, such as Kafka's.

    Attributes:
        topic: The topic's name.
        partition: The partition's number.
        position: The offset behind all that is committed here.
        lag: How many offsets lie from there to the end, as far as it is known.
    """

    topic: str
    partition: int
    position: int
    lag: int


@dataclass(frozen=True, slots=True)
class LogStatus:
    """How far a source is in all partitions that are its own now.

    Attributes:
        places: The partitions.
        gone: Offsets that the log had no more when they were to be read, since the start.
    """

    places: Sequence[PlaceStatus]
    gone: int


@dataclass(frozen=True, slots=True)
class SourceStatus:
    """A live source.

    Attributes:
        name: What it is called, without any secret.
        state: `starting`, `running`, `broken` or `stopped`.
        error: What broke it last; empty where nothing did.
        failures: How often it broke since the start.
        connected: Whether it has its connection.
        redelivered: Ratings that the transport gave again since the start.
        log: How far it is; None where it reads no log.
    """

    name: str
    state: str
    error: str
    failures: int
    connected: bool
    redelivered: int
    log: LogStatus | None = None


@dataclass(frozen=True, slots=True)
class SinkStatus:
    """A sink that follows the committed rows.

    Attributes:
        name: What it is called.
        state: As that of a source.
        error: What broke it last; empty where nothing did.
        failures: How often it broke since the start.
        refused: Rows that its target will never take, since the start.
        rows: Rows that it holds for certain.
        backlog: Committed rows that it does not hold for certain.
        backlog_bytes: What of them waits in the outbox.
        passed_over: Rows that it never got, for too much waited for it; of all runs.
    """

    name: str
    state: str
    error: str
    failures: int
    refused: int
    rows: int
    backlog: int
    backlog_bytes: int = 0
    passed_over: int = 0


@dataclass(frozen=True, slots=True)
class Spread:
    """How many of something took how long, as a Prometheus histogram.

    Attributes:
        bounds: Upper bounds in seconds, rising; the last bucket has none.
        counts: How many were in each bucket, one more than `bounds`.
        total: The sum of all of them in seconds.
    """

    bounds: Sequence[float]
    counts: Sequence[int]
    total: float


@dataclass(frozen=True, slots=True)
class JobFigures:
    """A running job in numbers, at one moment.

    Attributes:
        now_ms: The service's clock.
        clock_ahead_ms: How far that is ahead of the wall clock; negative: behind.
        watermark_ms: The watermark; None before there is one.
        books: Both books as of the last commit.
        windows: The label of each window spec, in the order of the books.
        products: Product ids that are known.
        partitions: Partitions that are there.
        closed_rows: Window rows that were committed, all runs together.
        queue_ratings: Ratings and rejects in the queue.
        queue_bytes: Their bytes.
        commits: How long commits took, since the start.
        latency: How long ratings took from the queue to their commit, since the start.
        duplicates_horizon_ms: How far back duplicates are recognised now; None: not at all.
        stopping: Whether the service takes nothing more.
        failed: Whether the engine broke.
        sources: Its live sources.
        sinks: Its sinks.
    """

    now_ms: int
    clock_ahead_ms: int
    watermark_ms: int | None
    books: Books
    windows: Sequence[str]
    products: int
    partitions: int
    closed_rows: int
    queue_ratings: int
    queue_bytes: int
    commits: Spread
    latency: Spread
    duplicates_horizon_ms: int | None
    stopping: bool
    failed: bool
    sources: Sequence[SourceStatus] = field(default=())
    sinks: Sequence[SinkStatus] = field(default=())

    @property
    def troubles(self) -> list[str]:
        """What is wrong, a line each; empty where all is well."""
        troubles = [
            f"{kind} {part.name} is {part.state}" + (f": {part.error}" if part.error else "")
            for kind, parts in (("source", self.sources), ("sink", self.sinks))
            for part in parts
            if part.state != "running"
        ]
        troubles += [
            f"source {source.name} is not connected"
            for source in self.sources
            if source.state == "running" and not source.connected
        ]
        if not self.books.balanced:
            troubles.append("the books do not balance")
        if self.failed:
            troubles.append("the engine is broken")
        if self.stopping:
            troubles.append("the service is stopping")
        return troubles
