"""Fingerprints tell strings apart, wherever they lie in a column."""

import numpy as np
import pyarrow as pa
from hypothesis import given
from hypothesis import strategies as st

from starwatch.admission.fingerprints import Fingerprints

texts = st.text(st.sampled_from("ab\0é"), max_size=30)


@given(st.lists(texts, max_size=20), st.integers(0, 3), st.integers(0, 9))
def test_a_string_has_one_fingerprint_and_no_other_string_has_it(strings, cut, seed):
    prints = Fingerprints(seed)
    together = prints.of_ids(pa.array([*"xyz", *strings, "z"])[cut:])[3 - cut : -1].tolist()
    alone = [int(prints.of_ids(pa.array([string]))[0]) for string in strings]
    assert together == alone
    assert len(set(alone)) == len(set(strings))


def test_a_column_without_rows_or_text():
    prints = Fingerprints(0)
    assert len(prints.of_ids(pa.array([], pa.string()))) == 0
    assert len(set(prints.of_ids(pa.array(["", ""])).tolist())) == 1


def test_another_seed_gives_other_fingerprints():
    ids = pa.array(["R1"])
    assert Fingerprints(1).of_ids(ids) != Fingerprints(2).of_ids(ids)


def test_a_million_ids_in_a_row_are_all_different_in_every_half():
    prints = Fingerprints(7).of_ids(pa.array([f"R{number:015d}" for number in range(1_000_000)]))
    assert len(np.unique(prints)) == len(prints)
    for half in (prints >> np.uint64(32), prints & np.uint64(2**32 - 1)):
        # Of n draws among m values about n - n²/2m are distinct: here all but some 116.
        assert 0 < len(half) - len(np.unique(half)) < 250


def test_what_a_rating_consists_of_matters_in_every_part():
    def content(reviewer="u", product="p", event_ms=1, stars=1):
        columns = (np.array([event_ms], np.int64), np.array([stars], np.uint8))
        made = Fingerprints(0).of_content(pa.array([reviewer]), pa.array([product]), *columns)
        return int(made[0])

    others = [
        content(reviewer="v"), content(product="q"), content(reviewer="p", product="u"),
        content(event_ms=2), content(stars=2),
    ]  # fmt: skip
    assert len({content(), *others}) == 6
    assert content() == content()
