"""How many rows a target may hold of a state: what it says beyond that is of another life of it.

A state that was put back to an earlier moment, by a backup, gives other rows under numbers that its
targets know already. Its copy cannot tell that it is one; but at its first start nobody has been
given rows behind those that it holds. So every start bounds all sinks by the rows committed until
then, and a bound stands over any number of starts until the target was met: its cursor was read,
and cut back where it was beyond. Only behind that the sink is given rows.
"""

from collections.abc import Iterable
from contextlib import closing
from pathlib import Path
from threading import Lock

from starwatch.journal.store import Journal

_BOUNDS = "sink_bounds"


class Bounds:
    """For each sink that ever was, how many rows its target may hold.

    Args:
        journal: The journal, at the start of a run, before that commits anything.
        database: Its database, to which `met` writes beside it.
        sinks: The sinks of this run.

    Raises:
        OutputFailed: the disk is full or fails.
    """

    def __init__(self, journal: Journal, database: Path, sinks: Iterable[str]) -> None:
        self._database = database
        self._lock = Lock()
        rows = journal.row_count()
        known: dict[str, int | None] = dict.fromkeys(journal.sinks())
        known |= journal.fact(_BOUNDS) or {}
        self._bounds = {name: rows if at is None else at for name, at in known.items()}
        for name in sinks:
            self._bounds.setdefault(name, 0)  # it was given none, in no life of which this one is
        self._kept: dict[str, int | None] = dict(self._bounds)
        journal.note({_BOUNDS: self._kept})

    def of(self, sink: str) -> int:
        """How many rows its target may hold at the start of this run."""
        return self._bounds[sink]

    def met(self, sink: str) -> None:
        """Its target holds no more than that, and is about to be given rows; from any thread.

        Raises:
            StarwatchError: the state cannot be written now; the sink must not be given any.
        """
        with self._lock:
            if self._kept[sink] is None:
                return
            kept = self._kept | {sink: None}
            with closing(Journal(self._database)) as journal:
                journal.note({_BOUNDS: kept})
            self._kept = kept
