"""Ids, names and categories."""

import re

import numpy as np
import pyarrow.compute as pc
import pytest

from starwatch.generator.catalogue import make_catalogue
from starwatch.generator.ids import coded_ids, product_ids
from starwatch.generator.words import WORDS


@pytest.fixture(scope="module")
def million():
    return make_catalogue(1, 1_000_000)


def test_a_million_product_ids_are_unique_and_in_style(million):
    assert len(million.ids.unique()) == 1_000_000
    assert pc.all(pc.equal(pc.utf8_length(million.ids), 10)).as_py()
    style = r"^(\d{9}[\dX]|B0[0-9A-Z]{8})$"
    assert pc.all(pc.match_substring_regex(million.ids, style)).as_py()


def test_all_styles_of_real_ids_are_there(million):
    for style, share in ((r"^0\d{9}$", 0.07), (r"^\d{9}X$", 0.015), (r"^B0", 0.83)):
        found = pc.sum(pc.match_substring_regex(million.ids, style)).as_py()
        assert found / 1_000_000 == pytest.approx(share, rel=0.1)


def test_isbns_have_their_check_digit():
    for text in product_ids(1, np.ones(1000, dtype=bool)).to_pylist():
        digits = [10 if c == "X" else int(c) for c in text]
        assert sum(w * d for w, d in zip(range(10, 0, -1), digits, strict=True)) % 11 == 0


def test_a_million_names_are_unique_and_read_like_names(million):
    assert len(million.names.unique()) == 1_000_000
    for name in million.names.slice(0, 1000).to_pylist():
        assert re.fullmatch(r"([A-Z][A-Za-z0-9']*|in|of|at|the|on|by|for|to|with|a)( \S+)+", name)


def test_every_category_is_there(million):
    assert set(million.categories.unique().to_pylist()) == {words.category for words in WORDS}


def test_a_larger_catalogue_begins_with_the_smaller_one(million):
    small = make_catalogue(1, 1000)
    assert million.table().slice(0, 1000).equals(small.table())
    assert not make_catalogue(2, 1000).table().equals(small.table())


def test_no_word_is_listed_twice():
    for words in WORDS:
        for parts in (words.first, words.middle, words.last):
            assert len(set(parts)) == len(parts), words.category
            assert all(part == part.strip() != "" for part in parts)


def test_reviewer_ids_are_unique_and_in_style():
    ids = coded_ids(1, "A", np.arange(1_000_000, dtype=np.uint64))
    assert len(ids.unique()) == 1_000_000
    assert pc.all(pc.match_substring_regex(ids, r"^A[1-9A-Z][0-9A-Z]{8,12}$")).as_py()
    lengths = pc.utf8_length(ids).to_numpy()
    assert (lengths == 14).mean() == pytest.approx(0.74, abs=0.02)
    assert set(lengths.tolist()) >= {11, 12, 13, 14}


def test_ids_of_the_largest_numbers_can_be_made():
    ids = coded_ids(1, "A", np.array([0, 2**63, 2**64 - 1], dtype=np.uint64)).to_pylist()
    assert len(set(ids)) == 3
    assert coded_ids(1, "R", np.empty(0, dtype=np.uint64)).to_pylist() == []
    assert coded_ids(2, "A", np.zeros(1, dtype=np.uint64)).to_pylist() != ids[:1]
