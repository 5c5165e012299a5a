"""Product ids as small integers: each id is encoded once and keeps its code for good."""

import bisect

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

_FEW = 1000
"""Below about this many ratings a plain dict beats Arrow's dictionary_encode (measured)."""

_KNOWN_A_RATING = 4
"""Up to so many known products for each new rating, hashing all of them once more in Arrow beats
looking up each distinct one of the batch in a dict (measured)."""


class ProductIds:
    """The product ids seen so far; the code of an id is its place in the order of appearance.

    Codes can be ranked by the UTF-8 bytes of their ids, which is the order of rows in a window.
    """

    def __init__(self, ids: pa.Array | None = None) -> None:
        self._array = pa.array([], pa.string()) if ids is None else ids  # may lag behind `_ids`
        self._ids: list[str] = self._array.to_pylist()
        self._codes = {product: code for code, product in enumerate(self._ids)}
        self._order = np.empty(0, np.int32)
        self._rank = np.empty(0, np.int32)

    def __len__(self) -> int:
        """How many products are known."""
        return len(self._ids)

    def encode(self, products: pa.Array) -> NDArray[np.int32]:
        """The codes of an Arrow `string` column without nulls; new ids get the next codes."""
        if len(products) < _FEW:
            return np.array(self._encode_each(products.to_pylist()), np.int32)
        if len(products) * _KNOWN_A_RATING > len(self):
            return self._encode_among_all(products)
        distinct = products.dictionary_encode()
        codes = np.array(self._encode_each(distinct.dictionary.to_pylist()), np.int32)
        encoded: NDArray[np.int32] = codes[distinct.indices.to_numpy(zero_copy_only=False)]
        return encoded

    def find(self, product: str) -> int | None:
        """The code of one id; None where it was never seen."""
        return self._codes.get(product)

    def by_code(self, products: pa.Array) -> pa.Array:
        """The places of distinct ids by the codes that they have, and that new ones would get."""
        codes, end = self._codes, len(self._ids)
        found = [codes.get(product, end) for product in products.to_pylist()]
        return pa.array(np.argsort(np.array(found, np.int32), kind="stable"))

    def take(self, codes: NDArray[np.integer]) -> pa.Array:
        """The ids of these codes as an Arrow `string` column."""
        ids = self._ids
        return pa.array([ids[code] for code in codes.tolist()], pa.string())

    def texts(self, codes: NDArray[np.integer]) -> list[str]:
        """The ids of these codes as Python strings."""
        ids = self._ids
        return [ids[code] for code in codes.tolist()]

    def all(self) -> pa.Array:
        """All ids by rising code, as an Arrow `string` column."""
        if len(self._array) < len(self._ids):
            fresh = pa.array(self._ids[len(self._array) :], pa.string())
            self._array = pa.concat_arrays([self._array, fresh])
        return self._array

    def ranked(self) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
        """Rank by UTF-8 bytes of each code, and the code at each rank; do not write to them."""
        if len(self._order) < len(self._ids):
            self._rank_new()
        return self._rank, self._order

    def _encode_among_all(self, products: pa.Array) -> NDArray[np.int32]:
        """Encode a column behind all known ids: Arrow numbers ids in the order of appearance."""
        encoded = pa.chunked_array([self.all(), products]).dictionary_encode().chunks[-1]
        self._array = encoded.dictionary
        fresh = self._array[len(self) :].to_pylist()
        self._codes.update(zip(fresh, range(len(self), len(self._array)), strict=True))
        self._ids += fresh
        codes: NDArray[np.int32] = encoded.indices.to_numpy()
        return codes

    def _encode_each(self, products: list[str]) -> list[int]:
        codes = self._codes
        found = [codes.get(product, -1) for product in products]
        if -1 in found:
            for place, code in enumerate(found):
                if code < 0:
                    found[place] = self._add(products[place])
        return found

    def _add(self, product: str) -> int:
        code = self._codes.setdefault(product, len(self._ids))
        if code == len(self._ids):
            self._ids.append(product)
        return code

    def _rank_new(self) -> None:
        """Sort the new ids in; the order of code points is the order of UTF-8 bytes."""
        ids, known = self._ids, len(self._order)
        if (len(ids) - known) * 16 > known:
            order = pc.array_sort_indices(self.all()).to_numpy().astype(np.int32)
        else:
            fresh = sorted(range(known, len(ids)), key=ids.__getitem__)
            old = self._order
            places = [bisect.bisect_left(old, ids[f], key=ids.__getitem__) for f in fresh]
            order = np.insert(old, places, np.array(fresh, np.int32))
        self._order = order
        self._rank = np.empty_like(order)
        self._rank[order] = np.arange(len(order), dtype=np.int32)
