"""A replay that is sent elsewhere, in real time (architecture §4)."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from math import gcd, lcm
from typing import TYPE_CHECKING

from starwatch.ratings.batch import Batch
from starwatch.replay.events import Event
from starwatch.replay.pace import ByRow, Pace
from starwatch.service.pacing import Pacing
from starwatch.service.stop import Stop
from starwatch.sinks.outgoing import outgoing
from starwatch.windows.spec import WindowSpec

if TYPE_CHECKING:
    from starwatch.ratings.scale import Scale
    from starwatch.sinks.publishers import Publisher

_ROWS = 4096
"""Ratings that are made ready at once."""

_REST_SECONDS = 0.25


@dataclass(slots=True)
class Sent:
    """What became of a replay that was sent.

    Attributes:
        taken: Ratings that the target was given.
        rejected: Rows that are no ratings, and were not sent.
        ended: Whether the end was reached.
    """

    taken: int = 0
    rejected: int = 0
    ended: bool = False


def delay_ms(now_ms: int, pace: Pace, windows: Sequence[WindowSpec]) -> int:
    """How long to wait, so that a receiver's windows by arrival are those of the replay here.

    Row i goes out at `t0 + i * interval` and half a step later, with t0 a multiple of the largest
    slide and a step what interval and boundaries have in common, which mostly is the interval: so
    each row lies as far from all boundaries as it can. A replay by event time need not wait.
    """
    if not isinstance(pace, ByRow):
        return 0
    step = pace.interval_ms
    for spec in windows:
        for length in filter(None, (spec.slide_ms, spec.offset_ms)):
            step = _common(step, Fraction(length))
    return -now_ms % max(spec.slide_ms for spec in windows) + int(step / 2)


def _common(one: Fraction, other: Fraction) -> Fraction:
    """The largest number of which both are multiples."""
    over = lcm(one.denominator, other.denominator)
    return Fraction(gcd(int(one * over), int(other * over)), over)


class Sending:
    """Sends what is due of a timeline.

    Args:
        publisher: Where to.
        pacing: What is due when.
        stop: Set by whoever wants the end.
        scale: The scale of the stars.
    """

    def __init__(
        self, publisher: "Publisher", *, pacing: Pacing, stop: Stop, scale: "Scale"
    ) -> None:
        self._publisher = publisher
        self._pacing = pacing
        self._stop = stop
        self._scale = scale
        self.sent = Sent()

    def run(self, events: Iterable[Event]) -> Sent:
        """Send all ratings; returns what became of them.

        Raises:
            OutputFailed: the target refuses for good.
        """
        for event in events:
            if isinstance(event, Batch):
                self.sent.rejected += len(event.rejects)
                if not self._batch(event):
                    return self.sent
        self.sent.ended = True
        return self.sent

    def _batch(self, batch: Batch) -> bool:
        """Send a batch as its rows fall due; whether all were."""
        at = 0
        while at < len(batch) and not self._stop.is_set():
            due = min(self._pacing.due(batch.arrival_ms), at + _ROWS)
            if due > at:
                rows = outgoing(batch.slice(at, due), self._scale)
                taken = self._publisher.send(rows, self._stop.is_set)
                self.sent.taken += taken
                at += taken
            else:
                self._pacing.wait(int(batch.arrival_ms[at]), _REST_SECONDS)
        return at == len(batch)
