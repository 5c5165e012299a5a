"""64-bit fingerprints of strings and ratings, for recognising what was seen before.

Strings are hashed by multilinear hashing with secret random weights, one a byte position (Lemire
and Kaser, "Strongly universal string hashing is fast", The Computer Journal 57(11), 2014), and
mixed by the finaliser of MurmurHash3. Two different ratings share a fingerprint with a chance of
about 2^-64 a pair: among 4 million remembered ones, once in some 10^12 ratings.
"""

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from starwatch.ratings.batch import MAX_ID_BYTES


class Fingerprints:
    """A family of hash functions, fixed by a seed.

    Args:
        seed: Any integer; the same seed gives the same fingerprints.
    """

    def __init__(self, seed: int) -> None:
        draw = np.random.Generator(np.random.PCG64(seed))
        self._weights = draw.integers(0, 1 << 64, (3, MAX_ID_BYTES + 1), np.uint64)
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
        weights = self._weights[family]
        _, offsets_buffer, data = values.buffers()
        offsets = np.frombuffer(offsets_buffer, np.int32)[
            values.offset : values.offset + len(values) + 1
        ]
        lengths = np.diff(offsets)
        hashes = weights[MAX_ID_BYTES] * lengths.astype(np.uint64)
        if data is not None and offsets[-1] > offsets[0]:
            text = np.frombuffer(data, np.uint8)[offsets[0] : offsets[-1]]
            starts = offsets[:-1] - offsets[0]
            place = np.arange(len(text), dtype=np.int32) - np.repeat(starts, lengths)
            terms = weights[place] * (text.astype(np.uint64) + np.uint64(1))
            some = lengths > 0
            hashes[some] += np.add.reduceat(terms, starts[some])
        return _finalised(hashes)


def _finalised(hashes: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """MurmurHash3's 64-bit finaliser: every input bit reaches every output bit."""
    for factor in (0xFF51AFD7ED558CCD, 0xC4CEB9FE1A85EC53):
        hashes = (hashes ^ (hashes >> np.uint64(33))) * np.uint64(factor)
    return hashes ^ (hashes >> np.uint64(33))
