"""Ids in the style of the real data, made from numbers, each number its own id.

Product ids have ten characters: books and films carry an ISBN-10 (nine digits and a check digit,
which is an X one time in eleven), everything else reads `B00…` or `B01…`. Reviewer and rating ids
are a letter and a 64-bit number in base 36 without leading zeros, as `A3R5OBKS7OM2IR`.
"""

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from starwatch.generator.streams import key_of

_ALPHABET = np.frombuffer(b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ", dtype=np.uint8)
_ISBN_DIGITS = _ALPHABET[[*range(10), 33]]
_GROUPS = 200_000_000  # ISBN groups 0 and 1, the English-language ones: 0… to 1…, nine digits
_CODES = 36**7
# Coprime to 10 and to 36, near the golden section of the sizes, so that ids of neighbours lie far
# apart; times 10 million both stay within int64.
_GROUP_STEP = 122_949_823
_CODE_STEP = 48_431_000_003
_TRIPLE = 36**3


def product_ids(seed: int, is_book: NDArray[np.bool_]) -> pa.Array:
    """Ten-character ids of the products 0 to n-1, all different.

    A product's id depends on the seed, its number and whether it is a book, not on n.

    Args:
        seed: The shop's seed.
        is_book: Shape (n,), n at most 10 million; which of them carry an ISBN.
    """
    number = np.arange(len(is_book), dtype=np.int64)
    offset = int(key_of(seed, 0) >> np.uint64(32))
    matrix = np.empty((len(number), 10), dtype=np.uint8)
    matrix[is_book] = _isbns((number[is_book] * _GROUP_STEP + offset) % _GROUPS)
    matrix[~is_book] = _codes((number[~is_book] * _CODE_STEP + offset) % _CODES)
    return _strings(matrix.reshape(-1), np.full(len(number), 10))


def coded_ids(seed: int, letter: str, number: NDArray[np.uint64]) -> pa.Array:
    """Ids of any numbers below 2^64, such as `A3R5OBKS7OM2IR`; other numbers, other ids.

    Args:
        seed: The shop's seed.
        letter: The one letter in front; each has ids of its own.
        number: uint64, shape (n,).
    """
    mixed = _mix(number ^ key_of(seed, ord(letter)))
    matrix = np.empty((len(number), 14), dtype=np.uint8)
    matrix[:, 0] = ord(letter)
    triples = _triples()
    for start in (11, 8, 5, 2):
        mixed, low = np.divmod(mixed, np.uint64(_TRIPLE))
        matrix[:, start : start + 3] = triples[low]
    matrix[:, 1] = _ALPHABET[mixed]
    zeros = matrix[:, 1:] == ord("0")
    keep = np.ones(matrix.shape, dtype=np.bool_)
    short = np.flatnonzero(zeros[:, 0])
    keep[short, 1:] = ~np.logical_and.accumulate(zeros[short], axis=1)
    return _strings(matrix[keep], keep.sum(axis=1))


def _isbns(nine: NDArray[np.int64]) -> NDArray[np.uint8]:
    digits = nine[:, None] // 10 ** np.arange(8, -1, -1) % 10
    # ISO 2108: the digits weighted 10 to 1, the check digit with 1, sum to a multiple of 11.
    check = -(digits @ np.arange(10, 1, -1)) % 11
    return _ISBN_DIGITS[np.column_stack((digits, check))]


def _codes(seven: NDArray[np.int64]) -> NDArray[np.uint8]:
    out = np.empty((len(seven), 10), dtype=np.uint8)
    out[:, :2] = np.frombuffer(b"B0", dtype=np.uint8)
    out[:, 2] = ord("0") + seven % 2
    out[:, 3:] = _ALPHABET[seven[:, None] // 36 ** np.arange(6, -1, -1) % 36]
    return out


def _mix(number: NDArray[np.uint64]) -> NDArray[np.uint64]:
    # The finaliser of SplitMix64 (Steele, Lea, Flood, OOPSLA 2014): a bijection on 64 bits.
    z = number + np.uint64(0x9E3779B97F4A7C15)
    z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return z ^ (z >> np.uint64(31))


def _triples() -> NDArray[np.uint8]:
    number = np.arange(_TRIPLE)
    return _ALPHABET[np.column_stack((number // 1296, number // 36 % 36, number % 36))]


def _strings(data: NDArray[np.uint8], lengths: NDArray[np.integer]) -> pa.Array:
    offsets = np.zeros(len(lengths) + 1, dtype=np.int32)
    np.cumsum(lengths, out=offsets[1:])
    buffers = [None, pa.py_buffer(offsets), pa.py_buffer(np.ascontiguousarray(data))]
    return pa.Array.from_buffers(pa.string(), len(lengths), buffers)
