"""Memory of the ratings seen lately, to recognise one that comes again (architecture §6)."""

from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from starwatch.admission.fingerprints import Fingerprints
from starwatch.ratings.batch import NO_TIME, Batch
from starwatch.windows.job import Duplicates, Job

_EMPTY = -1


class Memory:
    """The last `max_entries` first arrivals, each a match until the watermark passes its horizon.

    A ring of fingerprints and window times, and a hash table of ring places with linear probing.
    When a place is written anew its old table slot stays behind, pointing to the newcomer; that
    does no harm to look-ups, and the table is built anew before such slots crowd it.

    Args:
        job: Gives the kind of duplicates, the horizon and the number of entries.
        seed: Secret of the fingerprints; kept in snapshots.
    """

    def __init__(self, job: Job, *, seed: int = 0) -> None:
        # configuration
        self._content = job.duplicates is Duplicates.CONTENT
        self._horizon = job.horizon_ms
        self._capacity = job.max_entries
        # state not in snapshots
        self._table = np.full(_table_size(self._capacity), _EMPTY, np.int32)
        self._used = 0
        # state, all of it in snapshots
        self._seed = seed
        self._fingerprints = Fingerprints(seed)
        self._prints = np.zeros(self._capacity, np.uint64)
        self._times = np.zeros(self._capacity, np.int64)
        self._arrived = 0

    def find(
        self, batch: Batch, times: NDArray[np.int64], before: NDArray[np.int64]
    ) -> NDArray[np.bool_]:
        """Which ratings of a batch came before; the others are remembered from now on.

        Args:
            batch: The ratings, in order.
            times: int64, shape (n,); their window times.
            before: int64, shape (n,); the watermark before each.
        """
        rows, prints = self._identities(batch)
        duplicate = np.zeros(len(batch), bool)
        # A piece is at most the ring, so that no piece overwrites a place twice.
        for start in range(0, len(rows), self._capacity):
            piece = rows[start : start + self._capacity]
            some = prints[start : start + self._capacity]
            duplicate[piece] = self._find(some, times[piece], before[piece])
        return duplicate

    def _identities(self, batch: Batch) -> tuple[NDArray[np.int64], NDArray[np.uint64]]:
        """The rows that can be recognised at all, and their fingerprints."""
        prints = np.zeros(len(batch), np.uint64)
        known = np.zeros(len(batch), bool)
        if batch.rating_id is not None:
            known = _filled(batch.rating_id)
            prints = self._fingerprints.of_ids(batch.rating_id)
        if self._content and not known.all():
            own = _filled(batch.reviewer) & (batch.event_ms != NO_TIME) & ~known
            content = self._fingerprints.of_content(
                batch.reviewer, batch.product, batch.event_ms, batch.stars
            )
            prints = np.where(own, content, prints)
            known |= own
        rows = np.flatnonzero(known)
        return rows, prints[rows]

    def _find(
        self, prints: NDArray[np.uint64], times: NDArray[np.int64], before: NDArray[np.int64]
    ) -> NDArray[np.bool_]:
        place = self._look_up(prints)
        doubtful = place >= 0
        _, group, sizes = np.unique(prints, return_inverse=True, return_counts=True)
        doubtful |= sizes[group] > 1
        first = ~doubtful
        if doubtful.any():
            first |= self._decide(prints, times, before, place, doubtful)
        self._remember(prints[first], times[first])
        return ~first

    def _decide(
        self,
        prints: NDArray[np.uint64],
        times: NDArray[np.int64],
        before: NDArray[np.int64],
        place: NDArray[np.int64],
        doubtful: NDArray[np.bool_],
    ) -> NDArray[np.bool_]:
        """One by one, which of the doubtful ratings are first arrivals after all."""
        sure_before = np.cumsum(~doubtful)
        first = np.zeros(len(prints), bool)
        latest: dict[int, tuple[int, int]] = {}  # fingerprint: arrival number, window time
        extra = 0
        for row in np.flatnonzero(doubtful).tolist():
            print_, at = int(prints[row]), int(place[row])
            arrivals = self._arrived + int(sure_before[row]) + extra
            if print_ in latest:
                number, time = latest[print_]
            elif at >= 0:
                number, time = self._number_at(at), int(self._times[at])
            else:
                number, time = -self._capacity, 0
            kept = number >= arrivals - self._capacity and number >= 0
            if kept and int(before[row]) < time + self._horizon:
                continue
            first[row] = True
            latest[print_] = (arrivals, int(times[row]))
            extra += 1
        return first

    def _number_at(self, place: int) -> int:
        """Which arrival, counted from 0, was written last at a place of the ring."""
        behind = (self._arrived - 1 - place) % self._capacity
        return self._arrived - 1 - behind

    def _look_up(self, prints: NDArray[np.uint64]) -> NDArray[np.int64]:
        """The newest ring place of each fingerprint, or -1."""
        found = np.full(len(prints), _EMPTY, np.int64)
        open_ = np.arange(len(prints))
        slot = self._home(prints)
        while len(open_):
            place = self._table[slot]
            taken = place >= 0
            hit = taken & (self._prints[place] == prints[open_])
            found[open_[hit]] = place[hit]
            on = taken & ~hit
            open_, slot = open_[on], self._next(slot[on])
        return found

    def _remember(self, prints: NDArray[np.uint64], times: NDArray[np.int64]) -> None:
        places = (self._arrived + np.arange(len(prints))) % self._capacity
        self._prints[places], self._times[places] = prints, times
        self._arrived += len(prints)
        self._used += len(prints)
        if self._used * 4 > len(self._table) * 3:
            self._rebuild()
        else:
            self._insert(prints, places.astype(np.int32))

    def _insert(self, prints: NDArray[np.uint64], places: NDArray[np.int32]) -> None:
        """Enter ring places of distinct fingerprints; an old slot of the same one is taken over."""
        slot = self._home(prints)
        while len(places):
            now = self._table[slot]
            free = (now < 0) | (self._prints[now] == prints)
            self._table[slot[free]] = places[free]
            on = self._table[slot] != places
            prints, places, slot = prints[on], places[on], self._next(slot[on])

    def _rebuild(self) -> None:
        filled = min(self._arrived, self._capacity)
        newest = (self._arrived - filled + np.arange(filled)) % self._capacity
        prints = self._prints[newest]
        _, last = np.unique(prints[::-1], return_index=True)
        keep = len(prints) - 1 - last
        self._table.fill(_EMPTY)
        self._used = len(keep)
        self._insert(prints[keep], newest[keep].astype(np.int32))

    def _home(self, prints: NDArray[np.uint64]) -> NDArray[np.int64]:
        return (prints & np.uint64(len(self._table) - 1)).astype(np.int64)

    def _next(self, slot: NDArray[np.int64]) -> NDArray[np.int64]:
        return (slot + 1) & (len(self._table) - 1)

    def snapshot(self) -> dict[str, Any]:
        """All state as plain values and arrays."""
        filled = min(self._arrived, self._capacity)
        return {
            "seed": self._seed,
            "prints": self._prints[:filled].copy(),
            "times": self._times[:filled].copy(),
            "arrived": self._arrived,
        }

    def restore(self, state: dict[str, Any]) -> None:
        """Take the state of a snapshot of the same job."""
        self._seed = state["seed"]
        self._fingerprints = Fingerprints(self._seed)
        filled = len(state["prints"])
        self._prints[:filled], self._times[:filled] = state["prints"], state["times"]
        self._arrived = state["arrived"]
        self._rebuild()


def _filled(column: pa.Array) -> NDArray[np.bool_]:
    filled: NDArray[np.bool_] = pc.not_equal(pc.binary_length(column), 0).to_numpy(
        zero_copy_only=False
    )
    return filled


def _table_size(capacity: int) -> int:
    """A power of two, at least twice the entries."""
    return 1 << max(4, (2 * capacity - 1).bit_length())
