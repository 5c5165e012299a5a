"""Compares what engines made of one stream, and tells of a difference by the rating behind it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow.compute as pc

from starwatch.conformance.embedded import Played, window_times
from starwatch.conformance.findings import Findings, Stars, Window, differing
from starwatch.conformance.stream import Place
from starwatch.ratings.durations import moment_label

EXAMPLES = 3
"""How many windows of a stream are shown."""

EMBEDDED = "embedded"


@dataclass(frozen=True, slots=True)
class Came:
    """A rating that belongs into a window.

    Attributes:
        place: Partition and offset of its message.
        product: Its product.
        time_ms: Its window time.
    """

    place: Place
    product: str
    time_ms: int


def compared(played: Played, others: Mapping[str, Findings]) -> list[str]:
    """What differs from the embedded engine, in lines; nothing where all are equal.

    Args:
        played: The stream, and what the embedded engine made of it.
        others: What the other engines made of it, by name.
    """
    engines = {EMBEDDED: played.findings, **others}
    windows: set[Window] = set()
    lines: list[str] = []
    for name, findings in others.items():
        found = differing(played.findings, findings)
        windows |= set(found)
        if found:
            lines.append(f"{name}: {len(found):,} windows differ")
        if findings.books != played.findings.books:
            lines.append(f"books: {_books(EMBEDDED, played.findings)}; {_books(name, findings)}")
    first = sorted(windows, key=lambda key: (key[2], key[0], key[1], key[3]))[:EXAMPLES]
    for window in first:
        lines += explained(played, engines, window, {n: f.windows for n, f in engines.items()})
    if not first and (place := _other_class(engines)) is not None:
        lines.append(f"  {_did(place, engines)}")
    return lines


def unbalanced(played: Played, name: str, findings: Findings) -> list[str]:
    """What is wrong with the books of one engine alone; nothing where they balance."""
    if sum(findings.books.values()) == played.stream.received:
        return []
    return [f"books: {_books(name, findings)}, of {played.stream.received:,} messages"]


def explained(
    played: Played,
    engines: Mapping[str, Findings],
    window: Window,
    sides: Mapping[str, Mapping[Window, Stars]],
) -> list[str]:
    """A window as each side has it, and the first rating that explains why.

    That is the first one that was not treated alike, or else the first one of the window.
    """
    label, product, end_ms, revision = window
    again = f", revision {revision}" if revision else ""
    held = ", ".join(f"{name} {_stars(side.get(window))}" for name, side in sides.items())
    head = f"  {label} {product} to {moment_label(end_ms)}{again}: {held}"
    ratings = ratings_of(played, window)
    unlike = [each for each in ratings if len(_kinds(each.place, engines)) > 1]
    if not ratings:
        return [head, "    no rating belongs there"]
    came = (unlike or ratings)[0]
    when = f"{came.product} at {moment_label(came.time_ms)}"
    return [head, f"    {_did(came.place, engines, when)}"]


def ratings_of(played: Played, window: Window) -> list[Came]:
    """The ratings whose product and time are those of a window, in order of arrival."""
    label, product, end_ms, _ = window
    job = played.stream.job
    size = next(spec.size_ms for spec in job.windows if spec.label == label)
    found: list[Came] = []
    for batch in played.batches:
        times = window_times(batch, job)
        same = pc.equal(batch.product, product).to_numpy(zero_copy_only=False)
        for row in np.flatnonzero(same & (times >= end_ms - size) & (times < end_ms)).tolist():
            place = int(batch.partition[row]), int(batch.position[row])
            found.append(Came(place, product, int(times[row])))
    return found


def _kinds(place: Place, engines: Mapping[str, Findings]) -> set[str]:
    return {findings.kind(place) for findings in engines.values()}


def _other_class(engines: Mapping[str, Findings]) -> Place | None:
    """The first message by place that was not treated alike."""
    places: set[Place] = set()
    for findings in engines.values():
        places |= findings.others.keys()
    return min((p for p in places if len(_kinds(p, engines)) > 1), default=None)


def _did(place: Place, engines: Mapping[str, Findings], what: str = "") -> str:
    """What each engine did with a message."""
    told = f": {what}" if what else ""
    done = ", ".join(f"{name} {_done(place, each)}" for name, each in engines.items())
    return f"partition {place[0]}, offset {place[1]}{told}: {done}"


def _done(place: Place, findings: Findings) -> str:
    met = findings.behind.get(place)
    return findings.kind(place) + ("" if met is None else f" behind {moment_label(met)}")


def _stars(stars: Sequence[int] | None) -> str:
    return "nothing" if stars is None else " ".join(map(str, stars))


def _books(name: str, findings: Findings) -> str:
    return f"{name} {', '.join(f'{n:,} {kind}' for kind, n in findings.books.items())}"
