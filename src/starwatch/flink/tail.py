"""What messages of a topic tell of time: how far that of their ratings has come, and ticks."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from confluent_kafka import Message

from starwatch.clients.ticks import is_tick, tick_ms
from starwatch.codecs.fields import NAMES
from starwatch.codecs.payloads import Payloads
from starwatch.flink.plan import Plan
from starwatch.ratings.batch import NO_TIME
from starwatch.sources.kafka_bulk import offsets_of, times_of
from starwatch.windows.job import WindowTime


@dataclass(frozen=True, slots=True)
class Told:
    """What some messages of a partition tell.

    Attributes:
        top_ms: The largest `min(window time, arrival)` of the ratings; None without any.
        newest_ms: The largest window time of the ratings.
        tick_ms: The largest time of the ticks for this job; None without any.
    """

    top_ms: int | None = None
    newest_ms: int = 0
    tick_ms: int | None = None


class Tail:
    """Reads messages as the job does, for their times alone.

    A message that Flink takes for a reject moves nothing: of several ratings, or with names of
    fields that it does not know.

    Args:
        plan: How the job reads them.
    """

    def __init__(self, plan: Plan) -> None:
        columns = plan.input.columns
        if not plan.csv:
            columns = {name: plan.name_of(name) for name in NAMES}
        form = "csv" if plan.csv else "json"
        options = replace(plan.input, columns=columns, format=form)
        self._payloads = Payloads(options, plan.job.scale)
        self._job, self._prefix = plan.job, plan.names.prefix

    def told(self, messages: Sequence[Message]) -> Told:
        """What messages of one partition tell, in the order of their offsets."""
        ticks = [tick_ms(each, self._prefix) for each in messages if is_tick(each)]
        found = [time for time in ticks if time is not None]
        told = self._rated([each for each in messages if not is_tick(each)])
        return replace(told, tick_ms=max(found, default=None))

    def _rated(self, messages: Sequence[Message]) -> Told:
        offsets, job = offsets_of(messages), self._job
        decoded = self._payloads.decode([each.value() for each in messages], offsets)
        places = np.array([*decoded.position.tolist(), *(r.position for r in decoded.rejects)])
        alone, number = np.unique(places, return_counts=True)
        rows = np.searchsorted(offsets, decoded.position)
        arrived = times_of(messages)[rows]
        own = decoded.event_ms != NO_TIME
        if job.time is WindowTime.ARRIVAL:
            own = np.zeros(len(rows), bool)
        time = np.where(own, decoded.event_ms, arrived)
        sound = (arrived != NO_TIME) & np.isin(decoded.position, alone[number == 1])
        if job.oldest_ms is not None:
            sound &= ~own | (time >= job.oldest_ms)
        if job.ahead_ms is not None:
            sound &= ~own | (time - arrived <= job.ahead_ms)
        if not sound.any():
            return Told()
        return Told(int(np.minimum(time, arrived)[sound].max()), int(time[sound].max()))
