"""The panes that no file of the history holds yet, by ranges of the journal."""

from dataclasses import dataclass, replace
from typing import Self

from starwatch.views.blocks import Block


@dataclass(frozen=True, slots=True)
class Part:
    """The panes of a range of journal entries.

    Attributes:
        first: The first entry of the range.
        last: The last one.
        panes: Shortest panes, sorted by product.
    """

    first: int
    last: int
    panes: Block


@dataclass(frozen=True, slots=True)
class Unfiled:
    """What came behind the last entry whose panes lie in files; a value, never changed.

    Attributes:
        upto: That entry; 0 where no file is.
        parts: Ranges behind it in the order of the journal, each of which holds fewer panes than
            the one before it, so that a product is looked up in few of them.
    """

    upto: int = 0
    parts: tuple[Part, ...] = ()

    @property
    def panes(self) -> int:
        """How many rows all parts hold."""
        return sum(len(part.panes) for part in self.parts)

    def with_part(self, part: Part) -> Self:
        """With the panes of the entries that follow."""
        parts = [*self.parts, part]
        while len(parts) > 1 and len(parts[-2].panes) <= 2 * len(parts[-1].panes):
            last, before = parts.pop(), parts.pop()
            merged = Block.concat([before.panes, last.panes]).by_code()
            parts.append(Part(before.first, last.last, merged))
        return replace(self, parts=tuple(parts))

    def filed(self, upto: int) -> tuple[Self, bool]:
        """Without what files hold by now.

        Returns:
            What is left, and whether the entries behind `upto` must be read again: of a part of
            which files hold only the beginning, nothing is kept, nor of those behind it.
        """
        if any(part.first <= upto < part.last for part in self.parts):
            return type(self)(upto), True
        return type(self)(upto, tuple(part for part in self.parts if part.first > upto)), False

    def of_product(self, code: int) -> list[Block]:
        """The panes of one product."""
        return [part.panes.of_product(code) for part in self.parts]
