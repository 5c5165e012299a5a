"""The panes that no file of the history holds yet, by ranges of the journal."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Self

from starwatch.views.blocks import Block
from starwatch.views.spill import spilled

_MOST_ROWS = 1 << 20
"""Rows that parts are merged to at most: merging ever more would take ever more memory and time."""


_AT_ONCE = 4
"""Parts that are merged together: of more, a pane is merged less often, and parts are more."""


@dataclass(frozen=True, slots=True)
class Part:
    """The panes of a range of journal entries.

    Attributes:
        first: The first entry of the range.
        last: The last one.
        panes: Shortest panes, sorted by product.
        spilled: Whether they lie in a temporary file.
    """

    first: int
    last: int
    panes: Block
    spilled: bool = False

    def spill(self) -> Self:
        """The same, in a temporary file."""
        return replace(self, panes=Block(*spilled(self.panes.columns)), spilled=True)


@dataclass(frozen=True, slots=True)
class Unfiled:
    """What came behind the last entry whose panes lie in files; a value, never changed.

    Attributes:
        upto: That entry; 0 where no file is.
        parts: Ranges behind it in the order of the journal; few, for a product is looked up in
            each of them.
    """

    upto: int = 0
    parts: tuple[Part, ...] = ()

    @property
    def panes(self) -> int:
        """How many rows all parts hold."""
        return sum(len(part.panes) for part in self.parts)

    def with_part(self, part: Part) -> Self:
        """With the panes of the entries that follow."""
        return replace(self, parts=(*self.parts, part))

    def tidied(self, memory: int) -> Self:
        """The same in few parts, the oldest of which are in files where there are too many.

        Args:
            memory: Bytes that the others take at most.
        """
        parts: list[Part] = []
        for part in self.parts:
            parts.append(part)
            while len(some := parts[-_AT_ONCE:]) == _AT_ONCE and _are_one(some):
                merged = Block.concat([each.panes for each in some]).by_code()
                parts[-_AT_ONCE:] = [Part(some[0].first, some[-1].last, merged)]
        held = sum(part.panes.nbytes for part in parts if not part.spilled)
        for place, part in enumerate(parts):
            if held > memory and not part.spilled:
                held -= part.panes.nbytes
                parts[place] = part.spill()
        return replace(self, parts=tuple(parts))

    def is_cut(self, upto: int) -> bool:
        """Whether an entry is inside a part, so that the part is neither before nor behind it."""
        return any(part.first <= upto < part.last for part in self.parts)

    def behind(self, upto: int) -> Self:
        """Without what files hold by now, the entries up to this one; it cuts no part."""
        return type(self)(upto, tuple(part for part in self.parts if part.first > upto))

    def of_product(self, code: int) -> list[Block]:
        """The panes of one product."""
        return [part.panes.of_product(code) for part in self.parts]


def _are_one(parts: Sequence[Part]) -> bool:
    """Whether neighbours become one: none is much larger than the last, nor all of them too large.

    As in a log-structured merge tree whose levels have as many parts, each pane is merged once in
    each level.
    """
    sizes = [len(part.panes) for part in parts]
    alike = max(sizes) <= _AT_ONCE * sizes[-1]
    return alike and sum(sizes) <= _MOST_ROWS and not any(part.spilled for part in parts)
