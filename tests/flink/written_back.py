"""What Flink writes back for a stream, told from what an engine makes of the same stream."""

import json
from collections import Counter
from dataclasses import dataclass, field

from starwatch.admission.ledger import Class
from starwatch.history.tiers import common_pane_ms
from starwatch.ratings.batch import NO_TIME
from starwatch.windows.job import Job, WindowTime


@dataclass
class WrittenBack:
    """Rows of the topic, in the order in which they come to be.

    A pane comes when the watermark passes its end; a rating that is late for its pane, or for all,
    comes by itself. `waiting` are ratings in panes that are still open.
    """

    job: Job
    rows: list[dict] = field(default_factory=list)
    waiting: Counter = field(default_factory=Counter)
    closed_ms: int | None = None

    def take(self, batch, outcome, watermark_ms: int | None) -> None:
        """Take one rating, what became of it, and the watermark behind it."""
        pane = common_pane_ms(self.job.windows)
        for reject in (reject for _, reject in batch.rejects):
            text = reject.raw.decode("utf-8", "replace")
            self._add("rejected", reason=str(reject.reason), value=text)
        for at, kind in enumerate(outcome.classes.tolist()):
            event = int(batch.event_ms[at])
            own = event != NO_TIME and self.job.time is WindowTime.EVENT
            time = event if own else int(batch.arrival_ms[at])
            product, star = batch.product[at].as_py(), int(batch.stars[at])
            met = outcome.met()[at].item()
            said = {"product": product, "star": star, "event_ms": time}
            said |= {"met_ms": met} if met != NO_TIME else {}
            end = (time // pane + 1) * pane
            if kind == Class.REJECTED:
                self._add("rejected", reason="event_time_too_old", value=product)
            elif kind in (Class.LATE, Class.DUPLICATE):
                name = "late" if kind == Class.LATE else "duplicate"
                self._add(name, **said, reviewer=batch.reviewer[at].as_py())
            elif met != NO_TIME and end <= met:
                self._add("partly", **said)
            else:
                self.waiting[end, product, star] += 1
        self.passes(watermark_ms)

    def passes(self, watermark_ms: int | None) -> None:
        """The watermark has come there."""
        ends = sorted({end for end, *_ in self.waiting if end <= (watermark_ms or NO_TIME)})
        for end in ends:
            inside = [key for key in self.waiting if key[0] == end]
            for product in sorted({product for _, product, _ in inside}):
                counts = [self.waiting.pop((end, product, s), 0) for s in self._steps]
                self._add("pane", product=product, end_ms=end, stars=counts)
        pane = common_pane_ms(self.job.windows)
        if watermark_ms is not None and watermark_ms // pane * pane != self.closed_ms:
            self.closed_ms = watermark_ms // pane * pane
            self._add("watermark", end_ms=self.closed_ms)

    @property
    def _steps(self) -> range:
        return range(self.job.scale.steps)

    def _add(self, kind: str, **said: object) -> None:
        self.rows.append({"kind": kind, **said})


def as_messages(rows: list[dict]) -> list[bytes]:
    return [json.dumps(row).encode() for row in rows]
