"""Streams of which the clock closes windows: how Flink is told of it, and how that is seen.

Flink hears of time that passes by ticks among the ratings. `starwatch run --engine flink` writes
them by a rule (`starwatch.flink.quiet`) and its own clock; here the clock is that of the script, so
nothing is waited for. At the end of a stream every window closes anyhow, so two probes behind the
last step tell what had closed before: ratings of a time that is just late by then, and of one that
is just not.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from starwatch.conformance.embedded import Played, play, window_times
from starwatch.conformance.findings import LATE, REJECTED
from starwatch.conformance.scripted import Told
from starwatch.conformance.stream import Messages, Place, Stream
from starwatch.flink.quiet import Quiet, end_before, last_end
from starwatch.scenarios.steps import End, Rate, Reject, Script, Tick
from starwatch.windows import job as rules

_PROBE = "probe"
"""The product of probes."""

_NONE_MS = -(1 << 62)
"""The watermark before any."""


@dataclass(frozen=True, slots=True)
class TickRecord:
    """A tick, as Kafka holds it.

    Attributes:
        at_ms: The time of its record.
        time_ms: How far the time of ratings has come.
    """

    at_ms: int
    time_ms: int


Record = Messages | TickRecord
"""What is written into the topic of ratings."""


def by_the_clock(stream: Stream) -> bool:
    """Whether only the ratings of one partition and the clock move the watermark of a stream."""
    return (
        stream.caught_up == (True,)
        and stream.job.quiet is rules.Quiet.ADVANCE
        and all(isinstance(step, Messages | Tick) for step in stream.steps)
    )


def records(stream: Stream) -> list[Record]:
    """The messages of a stream, with ticks between them where the clock closes windows."""
    return _follow(play(stream)).records if by_the_clock(stream) else list(stream.messages)


def stands_still(played: Played) -> bool:
    """Whether windows have ended for a rating by the clock of the script, and not by ticks.

    Ticks end with the last window of the newest rating. Flink's time then stands still until the
    next rating, while that of the embedded engine goes on.
    """
    job, times, met = played.stream.job, _rated(played), _follow(played).met
    for place, (time_ms, _) in times.items():
        own_ms = played.findings.behind.get(place, _NONE_MS)
        if played.findings.kind(place) == LATE:
            own_ms = -_NONE_MS
        if _gone(job, time_ms, own_ms) != _gone(job, time_ms, met[place]):
            return True
    return False


def probed(script: Script) -> Script:
    """A scenario with probes behind it, if it is the clock that closes its windows."""
    played = play(Told().stream(script))
    job, watermark_ms = played.stream.job, _NONE_MS
    if by_the_clock(played.stream) and job.time is rules.WindowTime.EVENT:
        watermark_ms = _follow(played).watermark_ms
    if watermark_ms == _NONE_MS:
        return script
    ends = ((each, end_before(each, watermark_ms)) for each in job.windows)
    open_ms = min(end_ms - each.size_ms + each.slide_ms for each, end_ms in ends)
    for times in ([open_ms - 1, open_ms], [open_ms - 1]):
        longer = _with(script, times)
        if not stands_still(play(Told().stream(longer))):
            return longer
    return script


@dataclass(slots=True)
class _Followed:
    """What Flink is told of a stream, and what comes of it there.

    Attributes:
        records: What is written, in order.
        met: The watermark before each message.
        watermark_ms: The one behind all.
    """

    records: list[Record] = field(default_factory=list)
    met: dict[Place, int] = field(default_factory=dict)
    watermark_ms: int = _NONE_MS

    def tick(self, at_ms: int, time_ms: int, bound_ms: int) -> None:
        self.records.append(TickRecord(at_ms, time_ms))
        self.watermark_ms = max(self.watermark_ms, time_ms - bound_ms)


def _follow(played: Played) -> _Followed:
    job, times = played.stream.job, _rated(played)
    told, quiet = _Followed(), Quiet(job)
    quiet.join(0, 0)
    for step in played.stream.steps:
        assert isinstance(step, Messages | Tick)  # noqa: S101 - by_the_clock says so
        at_ms = int(step.at_ms[0]) if isinstance(step, Messages) else step.at_ms
        due = quiet.due(at_ms)  # a message, too, brings the clock to its arrival
        if due is not None:
            told.tick(at_ms, due, job.bound_ms)
            quiet.ticked(0, due)
        if isinstance(step, Messages):
            place = int(step.partition[0]), int(step.offset[0])
            told.records.append(step)
            told.met[place] = told.watermark_ms
            if place in times:
                time_ms, top_ms = times[place]
                quiet.rated(0, at_ms, top_ms=top_ms, newest_ms=time_ms)
                told.watermark_ms = max(told.watermark_ms, top_ms - job.bound_ms)
    return told


def _rated(played: Played) -> dict[Place, tuple[int, int]]:
    """By place, the window time of each rating that is none of the rejects, and what it moves."""
    found: dict[Place, tuple[int, int]] = {}
    for batch in played.batches:
        times = window_times(batch, played.stream.job)
        places = zip(batch.partition.tolist(), batch.position.tolist(), strict=True)
        for place, time_ms, at_ms in zip(
            places, times.tolist(), batch.arrival_ms.tolist(), strict=True
        ):
            if played.findings.kind(place) != REJECTED:
                found[place] = time_ms, min(time_ms, at_ms)
    return found


def _gone(job: rules.Job, time_ms: int, watermark_ms: int) -> list[int]:
    """For each specification, up to which end the windows of a time are gone."""
    return [
        min(max(end_before(spec, watermark_ms), end_before(spec, time_ms)), last_end(spec, time_ms))
        for spec in job.windows
    ]


def _with(script: Script, times: Sequence[int]) -> Script:
    """The scenario with ratings of these times behind it, at the moment of its last step."""
    steps = [step for step in script.steps if not isinstance(step, End)]
    came = [step for step in steps if isinstance(step, Rate | Reject)]
    last_ms = max(step.at_ms for step in steps if isinstance(step, Rate | Reject | Tick))
    probes = [
        Rate(0, last_ms, 0, len(came) + number, _PROBE, 0, event_ms=time_ms)
        for number, time_ms in enumerate(times)
    ]
    return replace(script, steps=(*steps, *probes))
