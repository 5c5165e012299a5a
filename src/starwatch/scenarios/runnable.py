"""An engine as a script sees it: the embedded one is such, and so is the model of the tests."""

from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from starwatch.admission.ledger import Books
from starwatch.ratings.batch import Batch
from starwatch.windows.job import Job
from starwatch.windows.products import ProductIds
from starwatch.windows.rows import WindowRows


class Answer(Protocol):
    """What an engine says to a batch."""

    @property
    def rows(self) -> WindowRows:
        """The rows that it emitted, in order."""

    @property
    def classes(self) -> NDArray[np.uint8]:
        """The class of each rating, as `Class` numbers them."""


class Runnable(Protocol):
    """An engine, as far as a script drives it; times are epoch milliseconds.

    Every call that takes a time first lets the clock come to it, and returns all rows that were
    emitted on the way.
    """

    @property
    def products(self) -> ProductIds:
        """The ids behind the product codes of its rows."""

    @property
    def watermark_ms(self) -> int | None:
        """Where the watermark stands; None before it has moved."""

    def join(self, partition: int, /, *, caught_up: bool = False) -> None:
        """A partition appears."""

    def ingest(self, batch: Batch, /) -> Answer:
        """Ratings come, or rejects, or both."""

    def advance(self, now_ms: int, /) -> WindowRows:
        """Nothing comes, but the clock goes on."""

    def caught_up(self, partition: int, value: bool, now_ms: int, /) -> WindowRows:  # noqa: FBT001
        """A partition has read all there is, or has fallen behind."""

    def connected(self, partition: int, value: bool, now_ms: int, /) -> WindowRows:  # noqa: FBT001
        """A partition's source is there again, or is lost."""

    def leave(self, partition: int, now_ms: int, /) -> WindowRows:
        """A partition goes for good."""

    def restart(self) -> None:
        """It goes on after a crash: no partition is caught up until its source says so."""

    def finish(self) -> WindowRows:
        """The input has ended: the watermark goes to infinity."""

    def provisional(self, spec: int, /) -> WindowRows:
        """The newest open window of a spec, so far."""

    def books(self) -> Books:
        """Both books now."""

    def snapshot(self) -> Any:
        """All that it needs to go on after a crash."""


class Factory(Protocol):
    """How an engine is made, and made again from its snapshot: an engine's class is one."""

    def __call__(self, job: Job, /) -> Runnable:
        """A new engine."""

    def restore(self, job: Job, snapshot: Any, /) -> Runnable:
        """One that goes on where the snapshot was taken."""
