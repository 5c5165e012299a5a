"""Product ids keep their codes, and codes rank as the bytes of their ids."""

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from starwatch.windows.products import ProductIds

IDS = st.one_of(
    st.sampled_from(["A", "a", "Z", "é", "0000143502", "143502", "\U0001f600", "\uffff", "ab"]),
    st.text(min_size=1, max_size=3).filter(lambda text: text.isprintable()),
)
BATCHES = st.lists(
    st.tuples(st.lists(IDS, max_size=12), st.sampled_from([1, 1, 110, 400]), st.booleans()),
    max_size=8,
)


@given(BATCHES)
@settings(max_examples=120, deadline=None)
def test_codes_are_places_of_first_appearance_and_ranks_are_byte_order(batches):
    check(ProductIds(), batches)


@given(BATCHES)
@settings(max_examples=30, deadline=None)
def test_the_same_behind_many_known_ids(batches):
    known = [f"p{number * 7919 % 9_000}" for number in range(9_000)]
    products = ProductIds()
    products.encode(pa.array(known, pa.string()))
    check(products, batches, known)


@pytest.mark.parametrize("rows", [1, 999, 1_000, 1_001, 5_000])
def test_all_new_in_one_batch(rows):
    ids = [str(number * 31) for number in range(rows)]
    assert ProductIds().encode(pa.array(ids, pa.string())).tolist() == list(range(rows))


def check(products: ProductIds, batches, known=()):
    seen = {product: code for code, product in enumerate(known)}
    for ids, times, look in batches:
        column = pa.array(["left out", *ids * times], pa.string())[1:]
        expected = [seen.setdefault(product, len(seen)) for product in ids * times]
        codes = products.encode(column)
        assert codes.dtype == np.int32
        assert codes.tolist() == expected
        assert len(products) == len(seen)
        if look:
            agree(products, seen)
    agree(products, seen)
    agree(ProductIds(products.all()), seen)


def agree(products: ProductIds, seen: dict[str, int]):
    ids = list(seen)
    assert products.all().to_pylist() == ids
    rank, order = products.ranked()
    by_bytes = sorted(range(len(ids)), key=lambda code: ids[code].encode())
    assert order.tolist() == by_bytes
    assert [by_bytes[place] for place in rank.tolist()] == list(range(len(ids)))
    some = np.arange(len(ids))[::-3]
    assert products.texts(some) == products.take(some).to_pylist() == [ids[c] for c in some]
