"""What Flink found of each message, summed up row by row as its topic has it."""

from array import array
from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field

import numpy as np

from starwatch.flink.back import BackRows, Row
from starwatch.ratings.rejects import Reason
from starwatch.ratings.scale import Scale
from starwatch.sources.kafka_bulk import Where

SINGLES = ("duplicate", "late", "rejected", "partly")
"""Kinds of rows that are about one message each."""


@dataclass(frozen=True, slots=True)
class Found:
    """Messages by what Flink found of them.

    Attributes:
        panes: In panes that have closed.
        partly: Counted, and late for their pane.
        duplicate: Those that had come before.
        late: Those whose windows were all gone.
        reasons: Rejects by reason; only reasons that occurred.
        foreign: Rows that Flink did not write; a state takes them for rejects.
        rows: All rows.
    """

    panes: int = 0
    partly: int = 0
    duplicate: int = 0
    late: int = 0
    reasons: dict[Reason, int] = field(default_factory=dict)
    foreign: int = 0
    rows: int = 0

    @property
    def counted(self) -> int:
        """Those in windows."""
        return self.panes + self.partly

    @property
    def rejected(self) -> int:
        """Those that could not be counted."""
        return sum(self.reasons.values())

    @property
    def messages(self) -> int:
        """All of them."""
        return self.counted + self.duplicate + self.late + self.rejected


class Tally:
    """Adds up rows; a plain state machine.

    It keeps eight bytes for each row, to see that no pane and no message is told of twice.

    Args:
        scale: The scale of the stars.

    Attributes:
        watermark_ms: The end of the last pane that has closed; None before the first.
    """

    def __init__(self, scale: Scale) -> None:
        self._rows = BackRows(scale)
        self._kinds: Counter[str] = Counter()
        self._reasons: Counter[Reason] = Counter()
        self._panes = array("q")
        self._named: defaultdict[Where, array[int]] = defaultdict(lambda: array("q"))
        self._by_place: Counter[tuple[Where, str]] = Counter()
        self.watermark_ms: int | None = None

    def add(self, messages: Iterable[bytes | None]) -> None:
        """Add some rows."""
        for message in messages:
            self._kinds["rows"] += 1
            row = self._rows.row(message or b"")
            if row is None:
                self._kinds["foreign"] += 1
            elif row.kind == "pane":
                self._kinds["pane"] += sum(row.stars)
                self._panes.append(hash((row.product, row.end_ms)))
            elif row.kind == "watermark":
                self.watermark_ms = max(row.end_ms, self.watermark_ms or row.end_ms)
            else:
                self._single(row)

    @property
    def found(self) -> Found:
        """The sums until now."""
        kinds = self._kinds
        return Found(
            panes=kinds["pane"],
            partly=kinds["partly"],
            duplicate=kinds["duplicate"],
            late=kinds["late"],
            reasons=dict(self._reasons),
            foreign=kinds["foreign"],
            rows=kinds["rows"],
        )

    def of_place(self, where: Where) -> dict[str, int]:
        """Messages of one partition by kind, as far as they have rows of their own."""
        return {kind: self._by_place[where, kind] for kind in SINGLES}

    def behind(self, where: Where) -> int:
        """The offset behind the last message of a partition that has a row; 0 where none has."""
        named = self._named.get(where)
        return max(named) + 1 if named else 0

    @property
    def doubled_panes(self) -> int:
        """Rows of panes that another row has told of."""
        return _doubled(self._panes)

    @property
    def doubled_messages(self) -> int:
        """Rows of messages that another row has told of."""
        return sum(map(_doubled, self._named.values()))

    def _single(self, row: Row) -> None:
        where = (row.topic, row.partition)
        self._kinds[row.kind] += 1
        self._by_place[where, row.kind] += 1
        if row.kind == "rejected":
            self._reasons[Reason(row.reason)] += 1
        if row.offset >= 0:
            self._named[where].append(row.offset)


def _doubled(values: "array[int]") -> int:
    return len(values) - len(np.unique(np.frombuffer(values, np.int64))) if values else 0
