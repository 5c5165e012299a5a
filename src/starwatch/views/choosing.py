"""Sorts, filters and searches products: a hundred thousand of them in a few milliseconds."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import TypeAlias

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from starwatch.errors import BadSetting
from starwatch.views.values import ProductQuery

TEXTS = ("name", "category")
NUMBERS = (
    *("count", "mean", "change", "score", "rank"),
    *("all_count", "all_mean", "last"),
)


Numbers: TypeAlias = NDArray[np.float64] | NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Columns:
    """All products by code, as they can be chosen by; columns of one length n.

    Attributes:
        ids: Arrow `string`.
        order: int32; the codes by rising id (UTF-8 bytes).
        names: Arrow `string`; empty where there is none.
        categories: Arrow `string`; empty where there is none.
        numbers: What gives a column by its name, one of `NUMBERS`: float64 or int64, NaN where
            there is no value. Each is made when it is asked for first.
        highest: The highest star.
        at_least: Which products have a mean in the newest closed window that is not below a bound.
        orders: Codes by sort, as they were found.
        made: Columns of numbers, as they were made.
    """

    ids: pa.Array
    order: NDArray[np.int32]
    names: pa.Array
    categories: pa.Array
    numbers: Mapping[str, Callable[[], Numbers]]
    highest: float
    at_least: Callable[[float], NDArray[np.bool_]]
    orders: dict[str, NDArray[np.int32]] = field(default_factory=dict)
    made: dict[str, Numbers] = field(default_factory=dict)

    def number(self, name: str) -> Numbers:
        """One of the columns of numbers."""
        known = self.made.get(name)
        if known is None:
            known = self.made[name] = self.numbers[name]()
        return known


def chosen(columns: Columns, query: ProductQuery) -> NDArray[np.int32]:
    """The codes of the products that a query matches, in its order.

    Raises:
        BadSetting: there is no such sort.
    """
    codes = _ordered(columns, query.sort)
    mask = matching(columns, query)
    return codes if mask is None else codes[mask[codes]]


def matching(columns: Columns, query: ProductQuery) -> NDArray[np.bool_] | None:
    """Which products a query matches, by code; None: all."""
    masks = []
    if query.q:
        found = [
            pc.match_substring(texts, query.q, ignore_case=True).to_numpy(zero_copy_only=False)
            for texts in (columns.ids, columns.names)
        ]
        masks.append(found[0] | found[1])
    if query.category is not None:
        same = pc.equal(columns.categories, query.category)
        masks.append(same.to_numpy(zero_copy_only=False))
    if query.low is not None:
        masks.append(columns.at_least(query.low))
    if query.high is not None:
        masks.append(_below(columns, query.high))
    if query.active is not None:
        masks.append((columns.number("count") > 0) == query.active)
    return np.logical_and.reduce(masks) if masks else None


def _below(columns: Columns, high: float) -> NDArray[np.bool_]:
    """Which means are below a bound; the highest star is inside the last bin."""
    rated = columns.number("count") > 0
    return rated if high >= columns.highest else rated & ~columns.at_least(high)


def without_means(query: ProductQuery) -> ProductQuery:
    """The same query without what it asks of means and activity."""
    return replace(query, low=None, high=None, active=None)


def _ordered(columns: Columns, sort: str) -> NDArray[np.int32]:
    known = columns.orders.get(sort)
    if known is None:
        known = columns.orders[sort] = _sorted(columns, sort)
    return known


def _sorted(columns: Columns, sort: str) -> NDArray[np.int32]:
    falls, name = sort.startswith("-"), sort.removeprefix("-")
    order = columns.order
    if name == "id":
        return order[::-1] if falls else order
    if name in TEXTS:
        texts = columns.names if name == "name" else columns.categories
        by_id = texts.take(pa.array(order))
        none = pc.equal(by_id, "")
        known = pc.if_else(none, pa.scalar(None, pa.string()), by_id)
        places = pc.array_sort_indices(known, order="descending" if falls else "ascending")
        by_text: NDArray[np.int32] = order[places.to_numpy()]
        return by_text
    if name in NUMBERS:
        values = columns.number(name)[order]
        return order[np.argsort(-values if falls else values, kind="stable")]
    raise BadSetting(
        f"products cannot be sorted by {name!r}",
        hint=f"Sort by one of {', '.join(('id', *TEXTS, *NUMBERS))}, or with - before it",
    )
