"""Contributions are a multiset: merging loses none, and what leaves its last window is counted."""

from collections import Counter

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from starwatch.windows.contributions import Contributions, Held

FAR = 1 << 40
entries = st.tuples(
    st.one_of(st.integers(-3, 9), st.sampled_from([-FAR, FAR])),  # first
    st.integers(0, 4),  # how many windows behind it
    st.one_of(st.integers(0, 6), st.sampled_from([1 << 31, (1 << 32) - 1, 1 << 32, FAR])),  # key
    st.sampled_from([1, 1, 1, 2, 1 << 33]),  # count
)
many = st.lists(entries, max_size=40)


def columns(some) -> Contributions:
    first, length, key, count = np.array(some, np.int64).reshape(-1, 4).T.copy()
    return Contributions(first, first + length, key, count)


def counted(these: Contributions) -> Counter:
    total: Counter = Counter()
    rows = (these.last.tolist(), these.first.tolist(), these.key.tolist(), these.count.tolist())
    for last, first, key, count in zip(*rows, strict=True):
        total[last, first, key] += count
    return total


@given(many)
def test_compact_merges_equal_ones_and_sorts(some):
    these = columns(some)
    merged = these.compact()
    assert counted(merged) == counted(these)
    keys = [*zip(merged.last.tolist(), merged.first.tolist(), merged.key.tolist(), strict=True)]
    assert keys == sorted(counted(these))


@given(many, many)
def test_parts_add_up(one, other):
    together = Contributions.concat([columns(one), columns(other)])
    assert counted(together) == counted(columns(one)) + counted(columns(other))
    assert counted(Contributions.concat([])) == Counter()


@given(st.lists(st.one_of(many.filter(bool), st.integers(-4, 16)), max_size=12), st.integers(1, 90))
@settings(deadline=None)
def test_what_leaves_is_what_was_held_up_to_there(steps, times):
    """Times repeats each addition, so that many runs are merged into one."""
    held, kept = Held(), Counter()
    for step in steps:
        if isinstance(step, int):
            gone = held.pop_before(step)
            leaving = Counter({at: n for at, n in kept.items() if at[0] < step})
            assert summed(gone) == leaving
            kept -= leaving
        else:
            these = columns(step).compact()
            for _ in range(times):
                held.add(these)
            for (last, _, key), count in counted(these).items():
                kept[last, key] += count * times
        assert summed(held.all()) == kept
        assert held.latest == max((last for last, _ in kept), default=None)


def summed(columns) -> Counter:
    last, key, count = columns
    assert {column.dtype for column in columns} == {np.dtype(np.int64)}
    total: Counter = Counter()
    for at, what, n in zip(last.tolist(), key.tolist(), count.tolist(), strict=True):
        total[at, what] += n
    return total
