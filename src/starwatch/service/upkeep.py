"""What a state needs from time to time, done beside the run: snapshots, and sealing (§7).

Files are written by a thread of their own; they count once a later commit has named them, so a
crash at any moment leaves nothing but files to sweep away.
"""

import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from starwatch.engine import Engine, Snapshot
from starwatch.errors import OutputFailed
from starwatch.failpoints import reached
from starwatch.journal.sealing import Sealing, seal
from starwatch.journal.snapshots import Snapshots
from starwatch.journal.store import Journal
from starwatch.service.rhythm import Rhythm


@dataclass(frozen=True, slots=True)
class Kept:
    """What was written beside the run, to be named by the next commit.

    Attributes:
        snapshot: Name of a snapshot file and the entry up to which it goes.
        sealing: Entries that lie in files now; None where there were too few.
    """

    snapshot: tuple[str, int]
    sealing: Sealing | None


class Upkeep:
    """Writes snapshots and sealed ratings beside a run.

    Args:
        database: The database of the state.
        snapshots: Where snapshots go.
        ratings: The folder of sealed ratings.
        rhythm: When a snapshot is due, and how much is worth sealing.
        clock: Seconds that never go back.
    """

    def __init__(
        self,
        database: Path,
        snapshots: Snapshots,
        ratings: Path,
        *,
        rhythm: Rhythm = Rhythm(),  # noqa: B008 - a frozen value
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.snapshots = snapshots
        self._database = database
        self._ratings = ratings
        self._rhythm = rhythm
        self._clock = clock
        self._thread = ThreadPoolExecutor(1, "upkeep")
        self._work: Future[Kept] | None = None
        self._last = clock()

    def start_if_due(self, number: int, engine: Engine) -> None:
        """Begin a snapshot of the engine as a commit left it, if it is time for one."""
        if self._work is None and self._clock() - self._last >= self._rhythm.snapshot_seconds:
            self._last = self._clock()
            self._work = self._thread.submit(self._write, number, engine.snapshot())

    def finished(self) -> Kept | None:
        """What was written since the last call, once.

        Raises:
            OutputFailed: it could not be written.
        """
        if self._work is None or not (self._work.done() or self._rhythm.snapshot_seconds <= 0):
            return None
        work, self._work = self._work, None
        try:
            return work.result()
        except OSError as error:
            raise OutputFailed(
                f"a snapshot cannot be written: {error.strerror}",
                hint="Make room on the disk and start again; nothing that was committed is lost",
            ) from None

    def close(self) -> None:
        """Wait for what is being written; the next start sweeps it away."""
        self._thread.shutdown()

    def _write(self, number: int, state: Snapshot) -> Kept:
        name = self.snapshots.write(number, state)
        return Kept((name, number), self._seal())

    def _seal(self) -> Sealing | None:
        """Seal what lies before the newest snapshot with a name, which becomes the older one."""
        journal = Journal(self._database, reading=True)
        try:
            upto = max((entry for _, entry in journal.snapshots()), default=0)
            first, ratings = journal.to_seal(upto)
            if ratings < self._rhythm.seal_ratings:
                return None
            reached("seal.before")
            return seal(self._ratings, first, list(journal.entries(upto=upto)))
        finally:
            journal.close()
