"""One independent stream of random numbers for each concern and block.

A stream depends on the seed, its concern and its keys alone: switching one concern on or off never
changes what another one draws. Every stream is a PCG64 whose `SeedSequence` has the concern and the
keys as its spawn key (NumPy's parallel streams; O'Neill, "PCG", 2014).
"""

from enum import IntEnum

import numpy as np
from numpy.typing import NDArray


class Concern(IntEnum):
    """What a stream decides; the numbers are part of what a seed means and never change."""

    IDS = 1
    CATALOGUE = 2
    PROFILES = 3
    COUNT = 4
    TIME = 5
    PRODUCT = 6
    STARS = 7
    REVIEWER = 8
    DELAY = 9
    DUPLICATES = 10
    MALFORMED = 11
    PLAN = 12
    STRAGGLERS = 13


def stream(seed: int, concern: Concern, *keys: int) -> np.random.Generator:
    """The stream of a concern; `keys` say of which block, incident and so on."""
    sequence = np.random.SeedSequence(seed, spawn_key=(int(concern), *keys))
    return np.random.Generator(np.random.PCG64(sequence))


def key_of(seed: int, *keys: int) -> np.uint64:
    """A fixed 64-bit number of a seed, to scramble ids with."""
    return np.uint64(stream(seed, Concern.IDS, *keys).bit_generator.random_raw())


def below(random: np.random.Generator, limit: int, count: int) -> NDArray[np.int64]:
    """`count` whole numbers in [0, limit), evenly; limit at most 2^53."""
    return (random.random(count) * limit).astype(np.int64)
