"""The few Protocols that hold the parts together: who calls whom, and what is promised."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol

from starwatch.admission.ledger import Books
from starwatch.ratings.batch import Decoded
from starwatch.windows.job import Job
from starwatch.windows.products import ProductIds
from starwatch.windows.rows import WindowRows


@dataclass(frozen=True, slots=True)
class RowContext:
    """What a sink needs to know to print rows: the job's rules and the products' names."""

    job: Job
    products: ProductIds


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


class LiveView(Protocol):
    """A running job as its views see it."""

    def provisional(self, spec: int) -> WindowRows:
        """The rows, so far, of the newest open window of a spec, by rising product id."""

    def books(self) -> Books:
        """Both books now."""
