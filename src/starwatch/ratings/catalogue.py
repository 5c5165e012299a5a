"""What products are called and which category they are in (architecture §3)."""

from bisect import bisect_left
from collections.abc import Callable
from dataclasses import dataclass
from typing import Self

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc


@dataclass(frozen=True, slots=True)
class Catalogue:
    """Products with their names and categories; all columns have one length.

    Attributes:
        ids: Arrow `string`, the product ids.
        names: Arrow `string`; empty where a product has none.
        categories: Arrow `string`; empty where a product has none.
    """

    ids: pa.Array
    names: pa.Array
    categories: pa.Array

    def __len__(self) -> int:
        """The number of products."""
        return len(self.ids)

    def table(self) -> pa.Table:
        """The catalogue with the columns product, name and category."""
        return pa.table({"product": self.ids, "name": self.names, "category": self.categories})

    def by_id(self) -> Self:
        """The same by rising product id (UTF-8 bytes), each once: of several the first counts."""
        if _rising(self.ids):
            return self
        order = pc.sort_indices(self.ids)  # stable: the first of several stays the first
        ids = self.ids.take(order)
        first = np.ones(len(ids), dtype=bool)
        first[1:] = pc.not_equal(ids.slice(1), ids.slice(0, len(ids) - 1))
        return type(self)(
            *(column.take(order.filter(pa.array(first))) for column in self._columns())
        )

    def name_of(self) -> Callable[[str], str]:
        """A function from a product id to its name, empty for a product without one.

        It searches the sorted ids, so a million products cost it no more than their bytes.

        >>> texts = pa.array(["B", "A"]), pa.array(["Lamp", "Book"]), pa.array(["", ""])
        >>> name = Catalogue(*texts).name_of()
        >>> name("A"), name("C")
        ('Book', '')
        """
        known = self.by_id()
        ids, names = known.ids, known.names

        def name(product: str) -> str:
            place = bisect_left(ids, product, key=lambda known_id: known_id.as_py())
            found = place < len(ids) and ids[place].as_py() == product
            return str(names[place]) if found else ""

        return name

    def _columns(self) -> tuple[pa.Array, ...]:
        return self.ids, self.names, self.categories


def _rising(ids: pa.Array) -> bool:
    before, after = ids.slice(0, max(len(ids) - 1, 0)), ids.slice(1)
    return bool(pc.all(pc.less(before, after)).as_py() is not False)
