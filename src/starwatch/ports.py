"""The few Protocols that hold the parts together: who calls whom, and what is promised."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from starwatch.admission.ledger import Books
from starwatch.ratings.batch import Decoded
from starwatch.status import JobFigures, LogStatus
from starwatch.windows.job import Job
from starwatch.windows.products import ProductIds
from starwatch.windows.rows import WindowRows


@dataclass(frozen=True, slots=True)
class Origin:
    """Whose rows a sink is given; for targets that keep a cursor of their own beside the rows.

    Attributes:
        state: What tells the state from all others; in each, rows are numbered from 0.
        given: Rows before this number may be at the target already. Where it says that it holds
            more, it has them of a state that was put back to an earlier moment: they count not,
            and the sink cuts the target's cursor back for good while it is opened.
    """

    state: str = ""
    given: int = 0


@dataclass(frozen=True, slots=True)
class RowContext:
    """What a sink needs to know to print rows: the job's rules and the products' names.

    Attributes:
        job: The rules.
        products: The names.
        origin: Whose rows they are.
    """

    job: Job
    products: ProductIds
    origin: Origin = Origin()


class Sink(Protocol):
    """Where window rows go.

    A sink is made by the factory that its entry point (group `starwatch.sinks`) names, called as
    `factory(target, context)`: `--output jsonl:w.jsonl` calls that of `jsonl` with `w.jsonl`. The
    factory opens the target and raises `BadSetting` or `OutputFailed` where it cannot.
    """

    def write(self, rows: WindowRows) -> None:
        """Take these rows, in order; called from one thread.

        Raises:
            OutputFailed: they could not be written.
        """

    def flush(self) -> None:
        """Make all rows that were written so far visible to a reader, where the format can."""

    def close(self) -> None:
        """Finish the target and let it go; nothing is called afterwards. Safe to call twice."""

    def abandon(self) -> None:
        """Let the target go after a run that failed, in place of `close`.

        What a reader can use in part is finished as it is; what only counts when it is whole, such
        as Parquet, does not take its name.
        """


class SinkFactory(Protocol):
    """What an entry point of the group `starwatch.sinks` loads."""

    def __call__(self, target: str, context: RowContext) -> Sink:
        """Open a sink; `target` is what the user wrote behind the colon."""


@dataclass(frozen=True, slots=True)
class Cursor:
    """How far a sink is for certain.

    Attributes:
        rows: Window rows that it holds, by the journal's numbering: the next one it needs.
        length: Bytes of its file, or of its files, that hold them; 0 where there are none.
    """

    rows: int = 0
    length: int = 0


class LastingSink(Protocol):
    """Where window rows go that are kept in a journal, so that a crash loses none of them.

    A sink is opened at a cursor, is given the rows behind it in order, and says from time to time
    how far it is for certain; its caller keeps the rows behind that, and opens the sink again at
    its last cursor after a crash or an error. What a sink holds beyond that cursor it lets go when
    it is opened, and gets again.

    After an `OutputFailed` only `secured` and `close` may be called; but after a `RowRefused` it
    goes on behind the rows that `secured` counts.
    """

    @property
    def name(self) -> str:
        """What the journal keeps the cursor under."""

    @property
    def lasting(self) -> bool:
        """Whether it can go on after a crash.

        One that cannot, such as standard output, is given each row at most once: what was
        committed and not yet given when the process died is not given again.
        """

    def write(self, rows: WindowRows) -> None:
        """Take these rows, in order; called from one thread.

        Raises:
            OutputFailed: they could not be written.
            RowRefused: the target will never take one of them. It took those that `secured` counts
                then; they end somewhere before that row.
        """

    def skip(self, number: int) -> None:
        """Count so many rows that are not given: the target refuses them, or they are gone.

        Raises:
            OutputFailed: what was taken before them could not be written.
        """

    def secured(self) -> Cursor:
        """Make what was taken last over a crash, as far as the format can, and say how far.

        After `close` or an `OutputFailed` it does nothing and says what is held for certain.

        Raises:
            OutputFailed: it could not be done.
        """

    def close(self) -> None:
        """Write what is left, make it last and let the target go. Safe to call twice."""


class LastingSinkFactory(Protocol):
    """What an entry point of the group `starwatch.lasting_sinks` loads."""

    def __call__(
        self, target: str, context: RowContext, *, name: str, cursor: Cursor
    ) -> LastingSink:
        """Open a sink to go on at a cursor.

        Raises:
            BadSetting: the target cannot be opened.
            OutputFailed: it does not hold what the cursor says.
        """


class FileReader(Protocol):
    """A file of ratings as a run of decoded blocks."""

    @property
    def name(self) -> str:
        """The file's path as the user gave it."""

    @property
    def total_bytes(self) -> int:
        """The file's size on disk."""

    @property
    def read_bytes(self) -> int:
        """How much of `total_bytes` has been consumed so far; for the progress bar."""

    def blocks(self) -> Iterator[Decoded]:
        """Read the file from its start, block by block; slots count on from block to block.

        Raises:
            BrokenInput: the file ends or breaks in the middle.
            UnknownColumn: a field of a rating is not found in it.
        """


class JobStatus(Protocol):
    """A running job as health and metrics see it."""

    def figures(self) -> JobFigures:
        """How it is now; may be called from any thread, and holds the engine up for no time."""


class LiveView(Protocol):
    """A running job as its views see it."""

    def provisional(self, spec: int) -> WindowRows:
        """The rows, so far, of the newest open window of a spec, by rising product id."""

    def books(self) -> Books:
        """Both books now."""


@dataclass(frozen=True, slots=True)
class Receipt:
    """What became of a delivery, told once it is on the disk.

    Attributes:
        classes: uint8, one for each readable rating of the delivery; `starwatch.admission.ledger`.
    """

    classes: NDArray[np.uint8]


def _nobody(receipt: Receipt) -> None:
    """Nobody waits for it."""


def _no_more(receipt: Receipt) -> Sequence[tuple[str, bytes]]:
    """Nothing is to be noted of what became of the ratings."""
    del receipt
    return ()


@dataclass(frozen=True, slots=True)
class Delivery:
    """What a live source hands over at once: ratings and rejects of one partition.

    Attributes:
        partition: Its number, from `Door.partition`.
        ratings: Readable ratings and rejects, in order. A rating without event time gets its
            arrival time.
        size: Bytes as they came, for the bound of the queue.
        notes: Key and value, each of which the source wants to remember as soon as the ratings
            are committed, and not before (`Door.remembered`).
        committed: Called once, behind the commit, by the thread of the engine: it must neither
            block nor raise. This is where an acknowledgement is sent or ordered.
        outcome_notes: As `notes`, for what is known only when the engine has taken the ratings:
            called by its thread before the commit, which then holds what this gives.
    """

    partition: int
    ratings: Decoded
    size: int
    notes: Sequence[tuple[str, bytes]] = ()
    committed: Callable[[Receipt], None] = _nobody
    outcome_notes: Callable[[Receipt], Sequence[tuple[str, bytes]]] = _no_more


class Door(Protocol):
    """How a live source hands over what it receives; may be called from any thread."""

    @property
    def stopping(self) -> bool:
        """Whether the service takes nothing more: the source returns soon."""

    def wait(self, seconds: float) -> bool:
        """Wait so long, or until the service stops; whether it does."""

    def now_ms(self) -> int:
        """The service's clock: UTC epoch milliseconds, never falling."""

    def partition(self, name: str) -> int:
        """The number of a partition by the source's own name for it; it is there from now on.

        Until the source says that it is caught up, it holds every window.
        """

    def partitions(self) -> dict[str, int]:
        """All partitions of this source that are there, those of earlier runs among them."""

    def position(self, partition: int) -> int:
        """How many of its ratings and rejects earlier runs committed.

        A source whose deliveries have no numbers of their own counts on from there.
        """

    def leave(self, partition: int) -> None:
        """A partition is no longer this source's: it holds nothing any more."""

    def caught_up(self, partition: int, *, value: bool) -> None:
        """All that waits in a partition was handed over, or more waits again."""

    def reached(self, watermark_ms: int) -> None:
        """Another engine, whose findings this source delivers, says how far they are complete."""

    def connected(self, *, value: bool) -> None:
        """The source lost or found its connection; its partitions are not caught up then."""

    def deliver(self, delivery: Delivery, *, wait: bool = True) -> bool:
        """Hand over ratings, in the order of their partition.

        Args:
            delivery: What to hand over.
            wait: Whether to wait while the queue is full; this is what slows a source down.

        Returns:
            Whether it was taken: not while the service stops, nor where the queue is full and
            nobody is to wait.
        """

    def redelivered(self, number: int = 1) -> None:
        """The transport gave again what was committed already; counted outside of the books."""

    def remembered(self) -> dict[str, tuple[bytes, int]]:
        """What the source remembers, by key, and when it was noted; read when it starts."""

    def forget(self, before_ms: int) -> None:
        """Forget, with the next commit, what was noted before a moment."""


class LiveSource(Protocol):
    """Where ratings come from while a service runs.

    Made by the factory of an entry point (group `starwatch.live_sources`), which is named by the
    scheme of a URL and called as `factory(url, context)`.
    """

    @property
    def name(self) -> str:
        """What it is called in ledger, logs and metrics: its URL without any secret."""

    @property
    def own_time(self) -> bool:
        """Whether its records have a time of their own, as Kafka's have.

        Where windows go by arrival it gives that as the event time, and the job counts by event
        time with a bound of 0; event times of other sources are put aside then.
        """

    def run(self, door: Door) -> None:
        """Receive until `door.stopping`, in a thread of its own.

        What was handed over and is not committed when it returns is not acknowledged by it; the
        transport gives it again.

        Raises:
            SourceFailed: it is broken; `run` is called again after a pause, with the same door.
        """


@runtime_checkable
class BacklogReader(Protocol):
    """A live source that knows where its end is: what it hands over before it has waited for it."""

    @property
    def knows_its_end(self) -> bool:
        """Always; that it is there says it."""


@runtime_checkable
class LogReader(Protocol):
    """A live source that reads a log with offsets, and tells how far it is."""

    def log_status(self) -> LogStatus:
        """How far it is; may be called from any thread."""
