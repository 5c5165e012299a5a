"""What one commit of a journal makes lasting."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Self

from starwatch.admission.ledger import Class
from starwatch.journal.entries import Entry
from starwatch.journal.notes import Note
from starwatch.journal.pane_files import PaneMerge, PaneRange
from starwatch.journal.retention import Pruning
from starwatch.journal.sealing import Sealing
from starwatch.ports import Cursor
from starwatch.ratings.rejects import Reject


@dataclass(frozen=True, slots=True)
class Position:
    """How far a partition is in the journal.

    Attributes:
        name: What it is called: a file, a topic and partition.
        classes: How many of its ratings are committed, by `Class`.
        rejects: How many of its rejects; they are no ratings in any batch.
    """

    name: str
    classes: tuple[int, ...] = (0,) * len(Class)
    rejects: int = 0

    @property
    def ratings(self) -> int:
        """How many of its ratings are committed, whatever became of them."""
        return sum(self.classes)

    def moved(self, classes: Sequence[int], rejects: int) -> Self:
        """The position behind so many more ratings of each class, and rejects."""
        sums = tuple(a + b for a, b in zip(self.classes, classes, strict=True))
        return replace(self, classes=sums, rejects=self.rejects + rejects)


@dataclass(frozen=True, slots=True)
class Commit:
    """Everything that becomes lasting at once.

    Attributes:
        entry: The engine's inputs.
        rejects: Pairs of partition and reject.
        positions: By partition, after this commit; those that changed.
        rows: Window rows that the inputs caused, as bytes, with their number; None without rows.
        cursors: By sink, what it holds for certain; those that changed.
        facts: Named values that change with this commit.
        notes: What sources remember of their deliveries.
        forget: By source, before when its notes are forgotten.
        snapshot: Name of a snapshot file and the entry up to which it goes, at or before this one.
        sealing: Entries that lie in files now, and are forgotten here.
        panes: Entries that are in the history now.
        merging: Files of panes that one takes the place of.
        pruning: Files that do not count any more.
        rows_done: Window rows before this number are with every sink for certain, by cursors that
            an earlier commit holds; the outbox lets them go.
    """

    entry: Entry
    rejects: Sequence[tuple[int, Reject]] = ()
    positions: dict[int, Position] = field(default_factory=dict)
    rows: tuple[int, bytes] | None = None
    cursors: dict[str, Cursor] = field(default_factory=dict)
    facts: dict[str, Any] = field(default_factory=dict)
    notes: Sequence[Note] = ()
    forget: Mapping[str, int] = field(default_factory=dict)
    snapshot: tuple[str, int] | None = None
    sealing: Sealing | None = None
    panes: PaneRange | None = None
    merging: PaneMerge | None = None
    pruning: Pruning | None = None
    rows_done: int = 0
