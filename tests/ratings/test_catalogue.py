"""Products, their names and categories."""

import pyarrow as pa
from hypothesis import given
from hypothesis import strategies as st

from starwatch.ratings.catalogue import Catalogue

IDS = st.lists(st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=3))


def catalogue(*rows):
    columns = zip(*rows, strict=True) if rows else [[], [], []]
    return Catalogue(*(pa.array(column, pa.string()) for column in columns))


@given(IDS, IDS)
def test_it_finds_what_a_dictionary_finds(known, others):
    rows = [(product, f"{number}", "") for number, product in enumerate(known)]
    firsts = {product: name for product, name, _ in reversed(rows)}
    name = catalogue(*rows).name_of()
    assert [name(product) for product in [*known, *others]] == [
        firsts.get(product, "") for product in [*known, *others]
    ]


@given(IDS)
def test_by_id_holds_each_product_once_by_its_bytes(known):
    rows = [(product, f"{number}", f"c{number}") for number, product in enumerate(known)]
    firsts = {row[0]: row for row in reversed(rows)}
    expected = [firsts[product] for product in sorted(firsts, key=str.encode)]
    table = catalogue(*rows).by_id().table()
    assert [tuple(row.values()) for row in table.to_pylist()] == expected


def test_a_sorted_one_is_not_copied():
    rising = catalogue(("1", "one", ""), ("10", "ten", ""), ("2", "two", ""))
    assert rising.by_id() is rising
