"""Payloads packed with gzip, whole, broken and too large."""

import gzip
import tracemalloc

import pytest

from starwatch.codecs.packing import unpacked

TEXT = b'{"a": 1}\n{"b": 2}'


def test_plain_is_plain_and_all_members_are_unpacked():
    assert unpacked(TEXT, 1) == TEXT
    assert unpacked(gzip.compress(TEXT), 100) == TEXT
    assert unpacked(gzip.compress(TEXT) + gzip.compress(b"!"), 100) == TEXT + b"!"


@pytest.mark.parametrize("cut", [slice(None, -1), slice(5), slice(2)])
def test_what_breaks_off_is_none(cut):
    assert unpacked(gzip.compress(TEXT)[cut], 100) is None
    assert unpacked(gzip.compress(TEXT) + b"rest", 100) is None


def test_what_is_too_much_is_none_and_never_unpacked():
    packed = gzip.compress(TEXT)
    assert unpacked(packed, len(TEXT)) == TEXT
    assert unpacked(packed, len(TEXT) - 1) is None
    bomb = gzip.compress(b" " * 20_000_000)
    tracemalloc.start()
    assert unpacked(bomb, 1 << 20) is None
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 4 << 20
