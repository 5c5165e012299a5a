"""A brute-force replay: files as lists of slots, played slot by slot from architecture §4.

It shares no code with `starwatch.replay` and is as simple as it can be made: plain integers,
fractions and sorted lists.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from math import floor

from starwatch.ratings.rejects import Reason


@dataclass(frozen=True)
class Rate:
    """A readable rating; without `event` it has no event time."""

    product: str = "A"
    reviewer: str = ""
    star: int = 0
    event: int | None = None
    rating_id: str = ""


@dataclass(frozen=True)
class Bad:
    """A row that is no rating."""

    reason: Reason = Reason.UNREADABLE
    raw: bytes = b"?"


@dataclass(frozen=True)
class Pause:
    """The reference's pause line."""


Slot = Rate | Bad | Pause


@dataclass(frozen=True)
class File:
    """What a file holds; one that breaks has an error behind its last slot."""

    slots: tuple[Slot, ...] = ()
    breaks: bool = False


@dataclass(frozen=True)
class Options:
    """By row (`interval`) or by time (`speed`), and what goes for both."""

    start: int = 0
    slide: int = 5_000
    interval: Fraction | None = None
    speed: Fraction | None = None
    by_file: bool = False
    loop: bool = False
    limit: int | None = None


@dataclass(frozen=True)
class Joined:
    files: tuple[int, ...]


@dataclass(frozen=True)
class Left:
    file: int
    at: int


@dataclass(frozen=True)
class Rated:
    """A rating in its place; `rate.event` is shifted by the laps before."""

    arrival: int
    file: int
    row: int
    rate: Rate


@dataclass(frozen=True)
class Refused:
    """A reject in its place; by time it has no arrival."""

    arrival: int | None
    file: int
    row: int
    reason: Reason


@dataclass(frozen=True)
class Broke:
    """The replay ends here with an error, behind all rows that come before the break."""

    file: int


Happening = Joined | Left | Rated | Refused | Broke


def happenings(files: list[File], options: Options) -> Iterator[Happening]:
    """Everything that happens, up to the limit or the break."""
    laps = by_row(files, options) if options.speed is None else by_time(files, options)
    left = options.limit
    for what in laps:
        yield what
        if isinstance(what, Broke):
            return
        if left is not None and isinstance(what, Rated | Refused):
            left -= 1
            if left == 0:
                return


def by_row(files: list[File], options: Options) -> Iterator[Happening]:
    assert options.interval is not None
    longest = max((len(file.slots) for file in files), default=0)
    events = [s.event for file in files for s in file.slots if isinstance(s, Rate)]
    known = [event for event in events if event is not None]
    span = max(known) - min(known) if known else 0
    arrivals = floor((longest - 1) * options.interval) if longest else 0
    lap = 0
    while True:
        start = options.start + lap * (arrivals + options.slide)
        yield from one_lap_by_row(files, options.interval, start, lap * (span + options.slide))
        lap += 1
        if not options.loop or longest == 0:
            return


def one_lap_by_row(
    files: list[File], interval: Fraction, start: int, shift: int
) -> Iterator[Happening]:
    yield Joined(tuple(range(len(files))))
    for number, file in enumerate(files):
        if not file.slots:
            yield Broke(number) if file.breaks else Left(number, start)
    for row in range(max((len(file.slots) for file in files), default=0)):
        arrival = start + floor(row * interval)
        for number, file in enumerate(files):
            if row < len(file.slots):
                slot = file.slots[row]
                if isinstance(slot, Rate):
                    yield Rated(arrival, number, row, shifted(slot, shift))
                elif isinstance(slot, Bad):
                    yield Refused(arrival, number, row, slot.reason)
                if row == len(file.slots) - 1:
                    yield Broke(number) if file.breaks else Left(number, arrival)


def by_time(files: list[File], options: Options) -> Iterator[Happening]:
    assert options.speed is not None
    refused, rated = sorted_out(files, by_file=options.by_file)
    earliest = min((slot.event for *_, slot in rated), default=0)
    latest = max((slot.event for *_, slot in rated), default=0)
    step = latest - earliest + options.slide
    yield Joined((0,))
    lap = 0
    while True:
        yield from refused
        start = options.start + floor(lap * step / options.speed)
        arrived = [
            (start + floor((leading - earliest) / options.speed), *rest) for leading, *rest in rated
        ]
        arrived.sort(key=lambda r: (r[0] if options.by_file else r[3].event, r[1], r[2]))
        for arrival, number, row, slot in arrived:
            yield Rated(arrival, number, row, shifted(slot, lap * step))
        for number, file in enumerate(files):
            if file.breaks:
                yield Broke(number)
        lap += 1
        if not options.loop or not (rated or refused):
            return


def sorted_out(files: list[File], *, by_file: bool) -> tuple[list[Refused], list[tuple]]:
    """The rejects, and the ratings as (what their arrival follows, file, row, rating)."""
    refused: list[Refused] = []
    rated: list[tuple] = []
    for number, file in enumerate(files):
        highest = None
        for row, slot in enumerate(file.slots):
            if isinstance(slot, Bad):
                refused.append(Refused(None, number, row, slot.reason))
            elif isinstance(slot, Rate) and slot.event is None:
                refused.append(Refused(None, number, row, Reason.MISSING_TIME))
            elif isinstance(slot, Rate):
                highest = slot.event if highest is None else max(highest, slot.event)
                rated.append((highest if by_file else slot.event, number, row, slot))
    return refused, rated


def shifted(rate: Rate, by: int) -> Rate:
    event = None if rate.event is None else rate.event + by
    return Rate(rate.product, rate.reviewer, rate.star, event, rate.rating_id)
