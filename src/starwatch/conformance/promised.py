"""Which streams must be equal on Flink, and why the others need not be (architecture §8)."""

from collections import defaultdict
from collections.abc import Iterator

from starwatch.conformance.clock import by_the_clock, stands_still
from starwatch.conformance.embedded import Played, window_times
from starwatch.conformance.findings import DUPLICATE, LATE
from starwatch.conformance.stream import Messages
from starwatch.ratings.batch import NO_TIME, Batch
from starwatch.scenarios.steps import Join, Leave, Restart
from starwatch.windows.job import Duplicates, Job, Quiet

_FIRST_MS, _LAST_MS = 631_152_000_000, 5_999_999_999_999
"""1990 to early 2160: the event times that the job on Flink reads."""


def not_on_flink(played: Played) -> str:
    """Why a stream need not be equal on Flink; empty if it must be."""
    return _by_rules(played) or _by_steps(played) or _by_partitions(played) or _by_ratings(played)


def race(played: Played) -> bool:
    """Whether some ratings are late and several partitions race: the books balance all the same."""
    late = LATE in played.findings.others.values() or played.missed > 0
    return late and len(played.stream.caught_up) > 1


def _by_rules(played: Played) -> str:
    job = played.stream.job
    if job.lateness_ms:
        return "windows take no corrections there"
    if job.duplicates is not Duplicates.OFF and job.max_entries < played.stream.received:
        return "it remembers ratings by time, not by number"
    return ""


def _by_steps(played: Played) -> str:
    stream = played.stream
    other = [step for step in stream.steps if not isinstance(step, Messages)]
    if any(isinstance(step, Restart) for step in other):
        return "a job goes on from a checkpoint, not from a moment of our choice"
    if any(isinstance(step, Join | Leave) for step in other):
        return "partitions do not come and go there"
    if by_the_clock(stream):
        still = stands_still(played)
        return "its time stands still there once the last window has ended" if still else ""
    waits = stream.job.quiet is Quiet.WAIT and len(stream.caught_up) == 1
    if not waits and (other or any(stream.caught_up)):
        return "which partitions are idle, Flink tells by a clock of its own"
    return ""


def _by_partitions(played: Played) -> str:
    if race(played):
        return "with several partitions, which ratings are late is a race"
    if len(played.stream.caught_up) > 1 and DUPLICATE in played.findings.others.values():
        return "with several partitions, which of two ratings came first is a race"
    return ""


def _by_ratings(played: Played) -> str:
    job = played.stream.job
    for batch in played.batches:
        if not len(batch):
            continue
        times = window_times(batch, job)
        readable = (times >= _FIRST_MS) & (times <= _LAST_MS)
        if not readable.all() and job.oldest_ms is None:
            return "it reads event times from 1990 on"
        if not job.live and (times > batch.arrival_ms).any():
            return "no rating moves the watermark past its arrival there"
    if job.duplicates is not Duplicates.OFF and _comes_thrice(played):
        return "a third rating of an id, behind the horizon, may be told otherwise there"
    return ""


def _comes_thrice(played: Played) -> bool:
    """Whether a rating comes three times or more, further apart than it is remembered."""
    job, seen = played.stream.job, defaultdict[object, list[int]](list)
    for batch in played.batches:
        for key, time in zip(_keys(batch, job), window_times(batch, job).tolist(), strict=True):
            seen[key].append(time)
    seen.pop(None, None)
    many = (times for times in seen.values() if len(times) > 2)  # noqa: PLR2004
    return any(max(times) - min(times) >= job.horizon_ms for times in many)


def _keys(batch: Batch, job: Job) -> Iterator[object]:
    """What makes each rating the same as another one; None where nothing does."""
    own = batch.event_ms != NO_TIME
    times, stars = batch.event_ms.tolist(), batch.stars.tolist()
    by_content = job.duplicates is Duplicates.CONTENT
    texts = [column.to_pylist() for column in (batch.ids(), batch.reviewer, batch.product)]
    rows = zip(*texts, own.tolist(), times, stars, strict=True)
    for rating_id, reviewer, product, has_time, time, star in rows:
        if rating_id:
            yield rating_id
        elif by_content and reviewer and has_time:
            yield reviewer, product, time, star
        else:
            yield None
