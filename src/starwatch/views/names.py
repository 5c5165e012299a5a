"""What products are called, by their codes."""

from bisect import bisect_left

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from starwatch.ratings.catalogue import Catalogue

_FEW = 1_000
"""Up to so many new products are looked up one by one in a catalogue that is sorted anyway."""


class Names:
    """Names and categories of products as they appear.

    Args:
        catalogue: Names and categories by rising product id; None: there are none.
    """

    def __init__(self, catalogue: Catalogue | None) -> None:
        self.catalogue = catalogue
        self._names = self._categories = pa.array([], pa.string())
        self._groups: dict[str, int] = {}
        self._group = np.empty(0, np.int32)

    def upto(self, ids: pa.Array) -> tuple[pa.Array, pa.Array]:
        """Names and categories of products by code, Arrow `string`; empty where there are none.

        Args:
            ids: All product ids by code; those of the last call come first.
        """
        known = len(self._names)
        if len(ids) > known:
            names, categories = self._of(ids.slice(known))
            self._names = pa.concat_arrays([self._names, names])
            self._categories = pa.concat_arrays([self._categories, categories])
            self._group = np.concatenate([self._group, self._grouped(categories)])
        return self._names, self._categories

    def groups(self, ids: pa.Array) -> tuple[list[str], NDArray[np.int32]]:
        """The categories that products have, and which of them each product has, by its code.

        Args:
            ids: As for `upto`.
        """
        self.upto(ids)
        return list(self._groups), self._group

    def of(self, product: str) -> tuple[str, str] | None:
        """Name and category of one product; None where the catalogue has it not."""
        if self.catalogue is None:
            return None
        place = self._place(product)
        if place < 0:
            return None
        return (
            self.catalogue.names[place].as_py(),
            self.catalogue.categories[place].as_py(),
        )

    def _of(self, ids: pa.Array) -> tuple[pa.Array, pa.Array]:
        if self.catalogue is None:
            nothing = pa.array(np.full(len(ids), ""), pa.string())
            return nothing, nothing
        places = pa.array(self._places(ids), mask=None)
        places = pc.if_else(pc.less(places, 0), pa.scalar(None, pa.int64()), places)
        columns = (self.catalogue.names, self.catalogue.categories)
        names, categories = (column.take(places).fill_null("") for column in columns)
        return names, categories

    def _grouped(self, categories: pa.Array) -> NDArray[np.int32]:
        """The number of each category among all; new ones get the next numbers."""
        encoded = categories.dictionary_encode()
        number = [
            self._groups.setdefault(name, len(self._groups))
            for name in encoded.dictionary.to_pylist()
        ]
        found: NDArray[np.int32] = np.array(number, np.int32)[encoded.indices.to_numpy()]
        return found

    def _places(self, ids: pa.Array) -> NDArray[np.int64]:
        if self.catalogue is None:
            return np.full(len(ids), -1, np.int64)
        if len(ids) <= _FEW:
            return np.array([self._place(product) for product in ids.to_pylist()], np.int64)
        found = pc.index_in(ids, value_set=self.catalogue.ids).fill_null(-1)
        places: NDArray[np.int64] = found.to_numpy(zero_copy_only=False).astype(np.int64)
        return places

    def _place(self, product: str) -> int:
        if self.catalogue is None:
            return -1
        ids = self.catalogue.ids
        place = bisect_left(ids, product.encode(), key=lambda known: known.as_py().encode())
        return place if place < len(ids) and ids[place].as_py() == product else -1
