"""Memory of the ratings seen lately, to recognise one that comes again (architecture §6)."""

from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from starwatch.admission.fingerprints import Fingerprints
from starwatch.ratings.batch import NO_TIME, Batch
from starwatch.windows.job import Duplicates, Job

_EMPTY, _SHARED = -1, -2
_BLOCK = 1 << 15
"""Ratings that are looked up or entered at once: what that needs stays in the cache (measured)."""


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
        self._table = np.empty(_table_size(self._capacity), np.int32)  # filled at first use
        self._used = 0
        self._touched = False
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
        if len(rows) and not self._touched:
            self._touch()
        # A piece is at most the ring, so that no piece overwrites a place twice.
        most = min(self._capacity, _BLOCK)
        for start in range(0, len(rows), most):
            piece = rows[start : start + most]
            some = prints[start : start + most]
            duplicate[piece] = self._find(some, times[piece], before[piece])
        return duplicate

    def horizon_ms(self, watermark_ms: int | None) -> int:
        """How far behind the watermark a rating is recognised now: less where the ring is full."""
        if self._arrived < self._capacity or watermark_ms is None:
            return self._horizon
        oldest = int(self._times[self._arrived % self._capacity])
        return max(0, min(self._horizon, watermark_ms - oldest))

    def _identities(self, batch: Batch) -> tuple[NDArray[np.int64], NDArray[np.uint64]]:
        """The rows that can be recognised at all, and their fingerprints."""
        prints = np.zeros(len(batch), np.uint64)
        known = np.zeros(len(batch), bool)
        if batch.rating_id is not None:
            known = _filled(batch.rating_id)
            if known.any():
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
        place, slot = self._look_up(prints)
        doubtful = place >= 0
        shared, repeated = self._sharing(np.flatnonzero(~doubtful), prints, slot)
        doubtful[repeated] = True
        alone = ~doubtful
        alone[shared] = False
        first = ~doubtful
        if doubtful.any():
            first |= self._decide(prints, times, before, place, doubtful)
        self._remember(prints[first], times[first], alone[first], slot[alone])
        return ~first

    def _sharing(
        self, rows: NDArray[np.int64], prints: NDArray[np.uint64], slot: NDArray[np.int64]
    ) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Of the rows that are not remembered so far: who wants the same free slot as another.

        Returns:
            Those rows, and such among them as have a fingerprint in common, which always do.
        """
        wanted = slot[rows]
        claims = np.arange(len(rows), dtype=np.int32)
        self._table[wanted] = claims
        lost = self._table[wanted] != claims
        self._table[wanted[lost]] = _SHARED
        shared = rows[self._table[wanted] == _SHARED]
        self._table[wanted] = _EMPTY
        _, group, sizes = np.unique(prints[shared], return_inverse=True, return_counts=True)
        return shared, shared[sizes[group] > 1]

    def _decide(
        self,
        prints: NDArray[np.uint64],
        times: NDArray[np.int64],
        before: NDArray[np.int64],
        place: NDArray[np.int64],
        doubtful: NDArray[np.bool_],
    ) -> NDArray[np.bool_]:
        """One by one, which of the doubtful ratings are first arrivals after all."""
        rows = np.flatnonzero(doubtful)
        at = place[rows]
        sure = self._arrived + np.cumsum(~doubtful)[rows]
        known = np.where(at >= 0, self._number_at(at), -1)
        columns = (rows, prints[rows], times[rows], before[rows], sure, known, self._times[at])
        first = np.zeros(len(prints), bool)
        latest: dict[int, tuple[int, int]] = {}  # fingerprint: arrival number, window time
        extra = 0
        each = zip(*(column.tolist() for column in columns), strict=True)
        for row, print_, time, watermark, arrivals, number, then in each:
            number, then = latest.get(print_, (number, then))  # noqa: PLW2901 - what is newer
            kept = number >= 0 and number >= arrivals + extra - self._capacity
            if kept and watermark < then + self._horizon:
                continue
            first[row] = True
            latest[print_] = (arrivals + extra, time)
            extra += 1
        return first

    def _number_at(self, place: NDArray[np.int64]) -> NDArray[np.int64]:
        """Which arrival, counted from 0, was written last at each place of the ring."""
        behind = (self._arrived - 1 - place) % self._capacity
        return self._arrived - 1 - behind

    def _look_up(self, prints: NDArray[np.uint64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """The newest ring place of each fingerprint, or -1, and the slot where the search ended."""
        found = np.full(len(prints), _EMPTY, np.int64)
        ended = slot = self._home(prints)
        open_ = np.arange(len(prints))
        while len(open_):
            place = self._table[slot]
            taken = place >= 0
            hit = taken & (self._prints[place] == prints[open_])
            found[open_[hit]] = place[hit]
            on = taken & ~hit
            open_, slot = open_[on], self._next(slot[on])
            ended[open_] = slot
        return found, ended

    def _remember(
        self,
        prints: NDArray[np.uint64],
        times: NDArray[np.int64],
        alone: NDArray[np.bool_],
        slot: NDArray[np.int64],
    ) -> None:
        """Remember fingerprints with their times; the free slot of those `alone` is known."""
        places = np.arange(len(prints), dtype=np.int32) + np.int32(self._arrived % self._capacity)
        places[places >= self._capacity] -= self._capacity
        self._prints[places], self._times[places] = prints, times
        self._arrived += len(prints)
        self._used += len(prints)
        if self._used * 4 > len(self._table) * 3:
            self._rebuild()
            return
        self._table[slot] = places[alone]
        self._insert(prints[~alone], places[~alone])

    def _insert(self, prints: NDArray[np.uint64], places: NDArray[np.int32]) -> None:
        """Enter ring places, the oldest first; a slot of the same fingerprint is taken over."""
        slot = self._home(prints)
        while len(places):
            now = self._table[slot]
            free = (now < 0) | (self._prints[now] == prints)
            self._table[slot[free]] = places[free]  # of several in one slot the last stays
            on = np.flatnonzero(self._table[slot] != places)
            on = on[self._prints[self._table[slot[on]]] != prints[on]]
            prints, places, slot = prints[on], places[on], self._next(slot[on])

    def _rebuild(self) -> None:
        filled = min(self._arrived, self._capacity)
        newest = ((self._arrived - filled + np.arange(filled)) % self._capacity).astype(np.int32)
        self._table.fill(_EMPTY)
        for start in range(0, filled, _BLOCK):
            places = newest[start : start + _BLOCK]
            self._insert(self._prints[places], places)
        self._used = int(np.count_nonzero(self._table >= 0))

    def _home(self, prints: NDArray[np.uint64]) -> NDArray[np.int64]:
        return (prints & np.uint64(len(self._table) - 1)).astype(np.int64)

    def _next(self, slot: NDArray[np.int64]) -> NDArray[np.int64]:
        return (slot + 1) & (len(self._table) - 1)

    def _touch(self) -> None:
        """Have the system really give the memory, so that a process grows no more from here on.

        It waits for the first rating that is to be recognised: a service that has nothing to
        remember stays small.
        """
        filled = min(self._arrived, self._capacity)
        if not filled:
            self._table.fill(_EMPTY)
        self._prints[filled:] = 0
        self._times[filled:] = 0
        self._touched = True

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
    filled: NDArray[np.bool_] = pc.binary_length(column).to_numpy(zero_copy_only=False) != 0
    return filled


def _table_size(capacity: int) -> int:
    """A power of two, at least twice the entries."""
    return 1 << max(4, (2 * capacity - 1).bit_length())
