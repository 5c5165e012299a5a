"""Which windows the panes of a history can be put together to."""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from itertools import product

from starwatch.errors import BadWindow
from starwatch.history.tiers import tier_for
from starwatch.ratings.durations import duration_label
from starwatch.windows.spec import WindowSpec

_NEAREST = 2
"""How many windows a refusal names."""


def tier_of(spec: WindowSpec, kept: Sequence[int]) -> int:
    """The longest panes that windows can be put together of.

    Args:
        spec: The windows.
        kept: Lengths of panes in milliseconds; at least one.

    Raises:
        BadWindow: there are none; the windows nearest to them that can be drawn are named.
    """
    tier = tier_for(spec.size_ms, spec.slide_ms, spec.offset_ms, kept)
    if tier is not None:
        return tier
    panes = ", ".join(map(duration_label, sorted(kept)))
    nearest = " or ".join(near.label for near in nearest_to(spec, kept))
    raise BadWindow(
        f"the windows {spec.label} cannot be put together of panes of {panes}: {_why(spec, kept)}",
        hint=f"The nearest that can: {nearest}",
    )


def nearest_to(spec: WindowSpec, kept: Iterable[int]) -> list[WindowSpec]:
    """The windows nearest to these that panes can be put together to, the nearest first."""

    def distance(other: WindowSpec) -> tuple[int, int, int]:
        return (
            abs(other.size_ms - spec.size_ms) + abs(other.slide_ms - spec.slide_ms),
            abs(other.offset_ms - spec.offset_ms),
            other.size_ms,
        )

    found = {near for tier in kept for near in _of_panes(spec, tier)}
    alike = [near for near in found if (near.panes == 1) == (spec.panes == 1)]
    return sorted(alike or found, key=distance)[:_NEAREST]


def _why(spec: WindowSpec, kept: Sequence[int]) -> str:
    parts = {"size": spec.size_ms, "slide": spec.slide_ms, "offset": spec.offset_ms}
    for name, length in parts.items():
        if all(length % tier for tier in kept):
            return f"their {name} of {duration_label(length)} is no multiple of any"
    return "size, slide and offset are not multiples of the same"


def _of_panes(spec: WindowSpec, tier: int) -> Iterator[WindowSpec]:
    """The windows of whole panes around these."""
    for slide, offset in product(_around(spec.slide_ms, tier), _around(spec.offset_ms, tier)):
        for size in _around(spec.size_ms, slide or tier):
            with suppress(BadWindow):
                yield WindowSpec(size, slide, offset % slide if slide else 0)


def _around(length: int, unit: int) -> tuple[int, int]:
    """The multiples of a unit below and above a length."""
    below = length // unit * unit
    return below, below + (unit if length % unit else 0)
