"""Several scenarios as one stream, so that one job on Flink serves them all.

Each begins when the one before it is long over, and has products, reviewers and ids of its own.
Whether none disturbs another is not reasoned about: the embedded engine plays them alone and
together, and a scenario that comes out otherwise gets a stream of its own.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import lcm

import numpy as np

from starwatch.conformance.clock import by_the_clock, stands_still
from starwatch.conformance.embedded import Played, play
from starwatch.conformance.findings import Findings, differing
from starwatch.conformance.scripted import Told
from starwatch.conformance.stream import Messages, Place, Stream
from starwatch.scenarios.steps import Rate, Reject, Script, Tick

_DAY_MS = 86_400_000
_LATEST_MS = 1_735_689_600_000
"""2025-01-01: Kafka takes no times from the future, so none comes near it."""


@dataclass(frozen=True, slots=True)
class Part:
    """One stream of a larger one.

    Attributes:
        played: The stream alone.
        prefix: What its products begin with in the larger one.
        shift_ms: How much later it plays there.
        first: The offset of its first message of each partition there.
    """

    played: Played
    prefix: str
    shift_ms: int
    first: tuple[int, ...]

    def of(self, whole: Findings, counted: Mapping[str, int]) -> Findings:
        """What was made of it.

        Args:
            whole: What was made of all.
            counted: How many ratings of each product were counted.
        """
        start, end = len(self.prefix), np.array(self.first)
        for messages in self.played.stream.messages:
            end += np.bincount(messages.partition, minlength=len(end))

        def here(place: Place) -> bool:
            partition, offset = place
            return bool(self.first[partition] <= offset < end[partition])

        def back(place: Place) -> Place:
            return place[0], place[1] - self.first[place[0]]

        return Findings(
            windows={
                (label, product[start:], end_ms - self.shift_ms, revision): stars
                for (label, product, end_ms, revision), stars in whole.windows.items()
                if product.startswith(self.prefix)
            },
            others={back(p): kind for p, kind in whole.others.items() if here(p)},
            counted=sum(n for name, n in counted.items() if name.startswith(self.prefix)),
            behind={back(p): met - self.shift_ms for p, met in whole.behind.items() if here(p)},
        )


@dataclass(frozen=True, slots=True)
class Together:
    """A stream for one job, and what it is put together from.

    Attributes:
        stream: The stream.
        parts: One part each.
    """

    stream: Stream
    parts: tuple[Part, ...]

    @classmethod
    def alone(cls, played: Played) -> "Together":
        """One stream as it is."""
        stream = played.stream
        return cls(stream, (Part(played, "", 0, (0,) * len(stream.caught_up)),))


def together(scripts: Sequence[tuple[Script, Played]]) -> list[Together]:
    """Put scenarios with the same rules behind one another."""
    open_: list[Together] = []
    alone: list[Together] = []
    for script, played in scripts:
        stream = played.stream
        if len(stream.messages) < len(stream.steps) and not by_the_clock(stream):
            alone.append(Together.alone(played))
            continue
        for number, each in enumerate(open_):
            longer = _behind(each, script, played)
            if longer is not None:
                open_[number] = longer
                break
        else:
            open_.append(_begun(script, played))
    return open_ + alone


def _begun(script: Script, played: Played) -> Together:
    first = (0,) * len(played.stream.caught_up)
    part = Part(played, "0/", 0, first)
    return Together(Told(prefix=part.prefix).stream(script), (part,))


def _behind(whole: Together, script: Script, played: Played) -> Together | None:
    """The scenario behind all others; None where it does not fit."""
    stream, alone = whole.stream, played.stream
    if (stream.job, stream.caught_up) != (alone.job, alone.caught_up):
        return None
    first = [0] * len(stream.caught_up)
    for messages in stream.messages:
        first[int(messages.partition[0])] += len(messages)
    starts = [step for step in script.steps if isinstance(step, Rate | Reject | Tick)]
    shift_ms = _shift(stream, starts)
    part = Part(played, f"{len(whole.parts)}/", shift_ms, tuple(first))
    told = Told(prefix=part.prefix, shift_ms=shift_ms, first=part.first).stream(script)
    longer = Together(
        Stream(
            name=f"{stream.name}, {alone.name}",
            title=stream.title,
            job=stream.job,
            caught_up=stream.caught_up,
            steps=stream.steps + told.steps,
        ),
        (*whole.parts, part),
    )
    return longer if _undisturbed(longer) else None


def _shift(stream: Stream, steps: Sequence[Rate | Reject | Tick]) -> int:
    """How much later a scenario must begin: two days behind the last window of those before."""
    last = _last_ms(stream)
    job = stream.job
    size, slide = max(w.size_ms for w in job.windows), lcm(*(w.slide_ms for w in job.windows))
    needed = last + job.bound_ms + size + 2 * _DAY_MS - steps[0].at_ms
    whole = lcm(slide, _DAY_MS)
    return -(-needed // whole) * whole


def _last_ms(stream: Stream) -> int:
    """When the last step of a stream is that says when it is."""
    times = [
        int(step.at_ms[-1]) if isinstance(step, Messages) else step.at_ms
        for step in stream.steps
        if isinstance(step, Messages | Tick)
    ]
    return max(times)


def _undisturbed(whole: Together) -> bool:
    """Whether each part comes out as it does alone, by the embedded engine."""
    if _last_ms(whole.stream) > _LATEST_MS:
        return False
    played = play(whole.stream)
    if by_the_clock(whole.stream) and stands_still(played):
        return False
    found = played.findings
    for part in whole.parts:
        ours, alone = part.of(found, {}), part.played.findings
        if ours.others != alone.others or differing(ours, alone):
            return False
    return True
