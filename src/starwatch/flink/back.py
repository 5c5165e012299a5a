"""What Flink writes back: panes, single ratings that need a word of their own, and its watermark.

One topic with one partition, written by one sink in one transaction a checkpoint. So what can be
read up to its end is one cut through the whole job: whatever Flink counted before its watermark
came to E is there if the row is there that says E. Rows are JSON:

- `pane`: product, end_ms, stars: how many ratings of each star came in time in the pane that ends
  there; the shortest panes of the job (`history.tiers`).
- `partly`: product, star, event_ms, met_ms: one that was counted, but came behind the watermark
  met_ms, when some windows were closed, or its pane.
- `late`, `duplicate`: the same, and reviewer and rating_id; those are in no window.
- `rejected`: reason, value.
- `watermark`: end_ms.

Stars are places on the scale. All but panes and watermarks say which message they are about: topic,
partition, offset. The engine does not need that; the ledger does.
"""

from collections.abc import Sequence

import msgspec
import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from starwatch.ratings.batch import NO_TIME, Decoded, Found, empty_texts
from starwatch.ratings.rejects import RAW_LIMIT, Reason, Reject
from starwatch.ratings.scale import Scale


class Row(msgspec.Struct, omit_defaults=True):
    """One row of the topic, of whatever kind."""

    kind: str
    product: str = ""
    end_ms: int = NO_TIME
    stars: tuple[int, ...] = ()
    star: int = 0
    event_ms: int = NO_TIME
    met_ms: int = NO_TIME
    reviewer: str = ""
    rating_id: str = ""
    reason: str = ""
    value: str = ""
    topic: str = ""
    partition: int = -1
    offset: int = -1


_SINGLE = {"partly", "late", "duplicate"}
_REASONS = {str(reason) for reason in Reason}


class BackRows:
    """Reads the rows as ratings: a pane as so many of each star, at its last millisecond.

    A row that cannot be is a reject, as a message of any other topic.

    Args:
        scale: The scale of the stars.

    Attributes:
        watermark_ms: The largest that a row said; None before the first.
    """

    def __init__(self, scale: Scale) -> None:
        self._steps = scale.steps
        self._decoder = msgspec.json.Decoder(Row)
        self.watermark_ms: int | None = None

    def decode(self, messages: Sequence[bytes | None], positions: NDArray[np.int64]) -> Decoded:
        """Ratings and rejects of some rows, in order.

        Args:
            messages: The rows.
            positions: int64; the offset of each, rising. The ratings of one row share it.
        """
        rows: list[Row] = []
        places: list[int] = []
        rejects: list[Reject] = []
        for message, position in zip(messages, positions.tolist(), strict=True):
            row = self.row(message or b"")
            if row is None:
                rejects.append(Reject(position, Reason.UNREADABLE, (message or b"")[:RAW_LIMIT]))
            elif row.kind == "watermark":
                self.watermark_ms = max(row.end_ms, self.watermark_ms or NO_TIME)
            elif row.kind == "rejected":
                raw = row.value.encode()[:RAW_LIMIT]
                rejects.append(Reject(position, Reason(row.reason), raw))
            else:
                rows.append(row)
                places.append(position)
        return self._decoded(rows, np.array(places, np.int64), tuple(rejects), len(messages))

    def row(self, message: bytes) -> Row | None:
        """One row; None for what can be none."""
        try:
            row = self._decoder.decode(message)
        except msgspec.DecodeError:
            return None
        if row.kind == "pane":
            sound = len(row.stars) == self._steps and min(row.stars) >= 0 and row.end_ms > NO_TIME
            return row if sound and row.product else None
        if row.kind in _SINGLE:
            sound = 0 <= row.star < self._steps and row.event_ms > NO_TIME
            return row if sound and row.product else None
        if row.kind == "rejected":
            return row if row.reason in _REASONS else None
        return row if row.kind == "watermark" and row.end_ms > NO_TIME else None

    def _decoded(
        self,
        rows: Sequence[Row],
        positions: NDArray[np.int64],
        rejects: tuple[Reject, ...],
        slots: int,
    ) -> Decoded:
        counts = np.zeros((len(rows), self._steps), np.int64)
        for number, row in enumerate(rows):
            if row.stars:
                counts[number] = row.stars
            else:
                counts[number, row.star] = 1
        at, star = np.nonzero(counts)
        times = counts[at, star]
        at, star = np.repeat(at, times), np.repeat(star, times)
        place = pa.array(at)
        own = np.array([row.end_ms - 1 if row.stars else row.event_ms for row in rows], np.int64)
        met = np.array([row.met_ms for row in rows], np.int64)
        again = np.array([row.kind == "duplicate" for row in rows], bool)
        return Decoded(
            position=positions[at],
            product=_texts([row.product for row in rows], place),
            reviewer=_texts([row.reviewer for row in rows], place),
            stars=star.astype(np.uint8),
            event_ms=own[at],
            rating_id=_texts([row.rating_id for row in rows], place),
            rejects=rejects,
            slots=slots,
            found=Found(met[at], again[at]),
        )


def _texts(values: Sequence[str], place: pa.Array) -> pa.Array:
    if not any(values):
        return empty_texts(len(place))
    return pa.array(values, pa.string()).take(place)
