"""Whatever changes, what a tab makes of the delta is what the whole answer says."""

from hypothesis import given
from hypothesis import strategies as st

from page.tab import Tab
from starwatch.page.stream.deltas import changed_keys, points_delta, rows_delta

CELL = st.integers(0, 3)


@st.composite
def tables(draw):
    """The same rows at two moments."""
    size = draw(st.integers(0, 5))

    def table():
        column = st.lists(CELL, min_size=size, max_size=size)
        return {
            "id": [str(at) for at in range(size)],
            "count": draw(column),
            "stars": [[cell, 1] for cell in draw(column)],
            "provisional": {"count": draw(column), "stars": [[cell] for cell in draw(column)]},
        }

    return table(), table()


@given(tables())
def test_rows_and_their_delta_are_the_rows_later(pair):
    before, after = pair
    delta = rows_delta(before, after)
    tab = Tab()
    tab.take(("full", {"status": {}, "view": {"rows": before}}))
    tab.take(("delta", {"status": {}, "rows": delta}))
    assert tab.view["rows"] == after
    assert bool(delta) == (before != after)
    if delta:
        changed = {
            at
            for at in range(len(after["id"]))
            if any(_cells(before, at)[name] != cell for name, cell in _cells(after, at).items())
        }
        assert set(delta["at"]) == changed


def _cells(rows, at):
    cells = {name: column[at] for name, column in rows.items() if name != "provisional"}
    return cells | {"p " + name: column[at] for name, column in rows["provisional"].items()}


def test_other_rows_have_no_delta():
    assert rows_delta({"id": ["A", "B"]}, {"id": ["B", "A"]}) is None
    assert rows_delta({"id": ["A"]}, {"id": ["A", "B"]}) is None


POINTS = st.dictionaries(st.integers(0, 12).map(lambda at: at * 5), CELL, max_size=8)


def columns(points):
    ends = sorted(points)
    values = [points[end] for end in ends]
    return {"end_ms": ends, "count": values, "stars": [values, [1] * len(ends)]}


@given(POINTS, POINTS, st.integers(0, 60))
def test_points_and_their_delta_are_the_points_later(old, new, from_ms):
    later = {end: value for end, value in old.items() if end < from_ms} | {
        end: value for end, value in new.items() if end >= from_ms
    }
    later = {end: value for end, value in old.items() if end >= from_ms} | later
    tab = Tab()
    tab.take(("full", {"status": {}, "view": {"series": [{"id": "A", "points": columns(old)}]}}))
    delta = points_delta(columns(old), columns(later), from_ms)
    tab.take(("delta", {"status": {}, "points": {"A": delta} if delta else {}}))
    assert tab.series("A")["points"] == columns(later)
    assert bool(delta) == (later != old)


def test_clocks_alone_are_no_change():
    assert changed_keys({"now": 1, "a": 1}, {"now": 2, "a": 1}, apart=("now",)) == {}
    assert changed_keys({"now": 1}, {"now": 2, "a": 1}, apart=("now",)) == {"now": 2, "a": 1}
