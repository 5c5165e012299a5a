"""What an engine made of a stream, in words that are the same for all of them."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from starwatch.conformance.stream import Place

Window = tuple[str, str, int, int]
"""Label of the windows, product, end in epoch milliseconds, revision."""

Stars = tuple[int, ...]
"""How many ratings of each step of the scale."""

COUNTED, DUPLICATE, LATE, REJECTED = "counted", "duplicate", "late", "rejected"
CLASSES = (COUNTED, DUPLICATE, LATE, REJECTED)
"""As `starwatch.admission.ledger.Class` numbers them."""


@dataclass(frozen=True, slots=True)
class Findings:
    """What an engine made of a stream.

    Attributes:
        windows: Every row that was emitted. A row that no engine should emit twice stands under the
            next free revision.
        others: The class of each message that is in no window, by its place.
        counted: How many are in windows, by the engine's own count.
        behind: Counted ratings that came behind the watermark, and where it was; a recomputation
            does not tell.
    """

    windows: Mapping[Window, Stars]
    others: Mapping[Place, str]
    counted: int
    behind: Mapping[Place, int]

    @property
    def books(self) -> dict[str, int]:
        """How many messages are in each class."""
        numbers = Counter(self.others.values())
        return {COUNTED: self.counted} | {name: numbers[name] for name in CLASSES[1:]}

    def kind(self, place: Place) -> str:
        """The class of a message."""
        return self.others.get(place, COUNTED)


def differing(one: Findings, other: Findings) -> list[Window]:
    """The windows that are not the same, by end, label, product and revision."""
    keys: Iterable[Window] = one.windows.keys() | other.windows.keys()
    found = [key for key in keys if one.windows.get(key) != other.windows.get(key)]
    return sorted(found, key=lambda key: (key[2], key[0], key[1], key[3]))
