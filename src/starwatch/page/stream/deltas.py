"""What changed between two answers of the same question; pure."""

from collections.abc import Mapping
from typing import Any

Values = Mapping[str, Any]


def changed_keys(before: Values, after: Values, *, apart: tuple[str, ...] = ()) -> dict[str, Any]:
    """The values that differ, with their keys.

    Args:
        before: As it was.
        after: As it is.
        apart: Keys that do not count as a change; they come along where there is one.

    >>> changed_keys({"a": 1, "b": 2, "now": 1}, {"a": 1, "b": 3, "now": 2}, apart=("now",))
    {'b': 3, 'now': 2}
    >>> changed_keys({"a": 1, "now": 1}, {"a": 1, "now": 2}, apart=("now",))
    {}
    """
    found = {key: value for key, value in after.items() if before.get(key, _NOTHING) != value}
    return found if any(key not in apart for key in found) else {}


_NOTHING = object()


def rows_delta(before: Values, after: Values) -> dict[str, Any] | None:
    """Rows of a table as columns of what changed.

    Args:
        before: Columns of rows; a column of columns counts as several.
        after: The same rows later.

    Returns:
        `at`, the positions of rows with a change, and the columns that changed, at those
        positions; empty without a change, None where the rows themselves are others.

    >>> rows_delta({"id": ["A", "B"], "count": [1, 2]}, {"id": ["A", "B"], "count": [1, 3]})
    {'at': [1], 'count': [3]}
    """
    if before["id"] != after["id"]:
        return None
    old, new = dict(_flat(before)), dict(_flat(after))
    names = [name for name, column in new.items() if old[name] != column]
    at = sorted(
        {
            position
            for name in names
            for position, (was, now) in enumerate(zip(old[name], new[name], strict=True))
            if was != now
        }
    )
    if not at:
        return {}
    delta: dict[str, Any] = {"at": at}
    for name in names:
        values = [new[name][position] for position in at]
        outer, _, inner = name.partition(".")
        if inner:
            delta.setdefault(outer, {})[inner] = values
        else:
            delta[outer] = values
    return delta


def _flat(rows: Values) -> list[tuple[str, list[Any]]]:
    found: list[tuple[str, list[Any]]] = []
    for name, column in rows.items():
        if isinstance(column, dict):
            found += [(f"{name}.{inner}", values) for inner, values in column.items()]
        else:
            found.append((name, column))
    return found


def points_delta(before: Values, after: Values, from_ms: int) -> dict[str, Any]:
    """Points of a series that are new, or not as they were.

    Args:
        before: Columns of points by rising `end_ms`; at least all that end at `from_ms` or later.
        after: The same later.
        from_ms: Where to look from.

    Returns:
        Their columns; empty where there are none.

    >>> old = {"end_ms": [5, 10], "count": [1, 2], "stars": [[1, 0], [0, 2]]}
    >>> new = {"end_ms": [5, 10, 15], "count": [1, 3, 1], "stars": [[1, 1, 0], [0, 2, 1]]}
    >>> points_delta(old, new, 5)
    {'end_ms': [10, 15], 'count': [3, 1], 'stars': [[1, 0], [2, 1]]}
    """
    known = {end: _point(before, at) for at, end in enumerate(before["end_ms"]) if end >= from_ms}
    at = [
        place
        for place, end in enumerate(after["end_ms"])
        if end >= from_ms and known.get(end) != _point(after, place)
    ]
    return picked(after, at) if at else {}


def picked(points: Values, at: list[int]) -> dict[str, Any]:
    """The points at some places; `stars` has a column for each step."""
    found = {
        name: [column[place] for place in at] for name, column in points.items() if name != "stars"
    }
    found["stars"] = [[column[place] for place in at] for column in points["stars"]]
    return {name: found[name] for name in points}


def _point(points: Values, at: int) -> tuple[Any, ...]:
    plain = tuple(column[at] for name, column in points.items() if name != "stars")
    return (*plain, *(column[at] for column in points["stars"]))
