"""Streams by the generator: untidy ones, each wholly decided by a seed and a number."""

from dataclasses import dataclass

import numpy as np

from starwatch.conformance.stream import Messages, Stream
from starwatch.generator import Chunk, Shop, ShopOptions
from starwatch.generator.text import jsonl_bytes
from starwatch.ratings.scale import Scale
from starwatch.windows.job import Duplicates, Job
from starwatch.windows.spec import WindowSpec

START_MS = 1_622_505_600_000
"""2021-06-01T00:00:00Z, the day on which scenarios play."""

_PRODUCTS = 50
_LEAST_RATE, _LONGEST_S = 5, 10_000
"""Ratings a second: as few as leave late ones time to be late, and more where there are many."""

_WINDOWS = (("1m/10s",), ("30s/5s",), ("30s/5s", "1m"), ("10s+3s", "1h/30m"))
_SHORT = _WINDOWS[:3]
"""Those that ratings can be late for."""

_SCALES = ("1..5/1", "0.5..5/0.5")
_LATE = 0.02
"""The share of ratings that come one to two minutes late."""


@dataclass(frozen=True, slots=True)
class _Kind:
    """What a stream has of what can make engines differ."""

    title: str
    partitions: int
    late: float = 0.0
    duplicates: float = 0.0


KINDS = (
    _Kind("disorder within the bound, two partitions", 2),
    _Kind("late and repeated ratings, one partition", 1, late=_LATE, duplicates=0.02),
    _Kind("late ratings, three partitions", 3, late=_LATE),
)
"""They take turns."""


def generated(number: int, seed: int, ratings: int) -> Stream:
    """A stream.

    Args:
        number: Which one; it decides the kind.
        seed: Decides the rest.
        ratings: How many it has, on average; flaws and repeats come on top.
    """
    kind = KINDS[number % len(KINDS)]
    draw = np.random.default_rng([seed, number])
    bound_ms = int(draw.integers(1, 11)) * 1000
    scale = Scale.parse(str(draw.choice(_SCALES)))
    choices = _SHORT if kind.late else _WINDOWS
    windows = choices[int(draw.integers(len(choices)))]
    rate = max(_LEAST_RATE, ratings / _LONGEST_S)
    job = Job(
        windows=tuple(map(WindowSpec.parse, windows)),
        scale=scale,
        bound_ms=bound_ms,
        duplicates=Duplicates.CONTENT if kind.duplicates else Duplicates.OFF,
    )
    shop = Shop(
        ShopOptions(
            products=_PRODUCTS,
            rate=rate,
            span_ms=max(round(ratings * 1000 / rate), 1),
            seed=int(draw.integers(2**32)),
            start_ms=START_MS,
            scale=scale,
            rhythm=False,
            disorder_ms=bound_ms,
            duplicates=kind.duplicates,
            malformed=0.02,
            stragglers=kind.late,
        )
    )
    first, steps = np.zeros(kind.partitions, np.int64), []
    for chunk in shop.chunks():
        messages = _messages(shop, chunk, first)
        first += np.bincount(messages.partition, minlength=kind.partitions)
        steps.append(messages)
    name, caught_up = f"random {number} of seed {seed}", (False,) * kind.partitions
    return Stream(name, kind.title, job, caught_up, tuple(steps))


def _messages(shop: Shop, chunk: Chunk, first: np.ndarray) -> Messages:
    """The rows of a chunk, dealt out to the partitions in turn."""
    rows = np.arange(len(chunk)) + first.sum()
    partition = (rows % len(first)).astype(np.int32)
    return Messages(
        at_ms=chunk.arrival_ms,
        partition=partition,
        offset=rows // len(first),
        values=bytes(jsonl_bytes(shop.columns(chunk))).splitlines(),
    )
