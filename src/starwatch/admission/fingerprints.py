"""64-bit fingerprints of strings and ratings, for recognising what was seen before.

A string is taken as words of eight bytes, each mixed in by the finaliser of MurmurHash3, which is a
bijection (Appleby, public domain, 2011); where it begins is a secret. Two different ratings share a
fingerprint with a chance of about 2^-64 a pair: among 4 million remembered ones, once in some 10^12
ratings.
"""

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

_WORD = 8
_KEPT = np.array([(1 << (8 * count)) - 1 for count in range(_WORD + 1)], np.uint64)
"""What is kept of a word of which so many bytes belong to the string (little-endian)."""


class Fingerprints:
    """A family of hash functions, fixed by a seed.

    Args:
        seed: Any integer; the same seed gives the same fingerprints.
    """

    def __init__(self, seed: int) -> None:
        draw = np.random.Generator(np.random.PCG64(seed))
        self._begins = draw.integers(0, 1 << 64, 3, np.uint64)
        self._parts = draw.integers(0, 1 << 64, 4, np.uint64) | np.uint64(1)

    def of_ids(self, ids: pa.Array) -> NDArray[np.uint64]:
        """Fingerprints of rating ids, an Arrow `string` column without nulls."""
        return self._strings(ids, 0)

    def of_content(
        self,
        reviewer: pa.Array,
        product: pa.Array,
        event_ms: NDArray[np.int64],
        stars: NDArray[np.uint8],
    ) -> NDArray[np.uint64]:
        """Fingerprints of (reviewer, product, event time, stars), columns of one length."""
        parts = self._parts
        mixed = self._strings(reviewer, 1) * parts[0] + self._strings(product, 2) * parts[1]
        mixed += event_ms.view(np.uint64) * parts[2] + stars.astype(np.uint64) * parts[3]
        return _finalised(mixed)

    def _strings(self, values: pa.Array, family: int) -> NDArray[np.uint64]:
        _, offsets_buffer, data = values.buffers()
        offsets = np.frombuffer(offsets_buffer, np.int32)[
            values.offset : values.offset + len(values) + 1
        ]
        lengths = np.diff(offsets)
        hashes = _finalised(lengths.astype(np.uint64) + self._begins[family])
        if data is None:
            return hashes
        words = _words(np.frombuffer(data, np.uint8)[offsets[0] : offsets[-1]])
        starts = offsets[:-1] - offsets[0]
        for at in range(0, int(lengths.max(initial=0)), _WORD):
            rows = np.flatnonzero(lengths > at) if lengths.min() <= at else slice(None)
            kept = _KEPT[np.minimum(lengths[rows] - at, _WORD)]
            hashes[rows] = _finalised(hashes[rows] ^ (words[starts[rows] + at] & kept))
        return hashes


def _words(text: NDArray[np.uint8]) -> NDArray[np.uint64]:
    """The word that begins at each byte; behind the end are zeros."""
    padded = np.zeros(len(text) + 2 * _WORD, np.uint8)
    padded[: len(text)] = text
    return np.ndarray((len(text) + _WORD,), "<u8", padded.data, strides=(1,))


def _finalised(hashes: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """MurmurHash3's 64-bit finaliser: every input bit reaches every output bit."""
    for factor in (0xFF51AFD7ED558CCD, 0xC4CEB9FE1A85EC53):
        hashes = (hashes ^ (hashes >> np.uint64(33))) * np.uint64(factor)
    return hashes ^ (hashes >> np.uint64(33))
