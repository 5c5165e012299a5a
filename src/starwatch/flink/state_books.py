"""The books of a state that `starwatch run --engine flink` fills, beside those of Flink's topic."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from starwatch.admission.ledger import Books
from starwatch.flink.tally import Found
from starwatch.sources.kafka_bulk import Where
from starwatch.sources.kafka_places import place_key


@dataclass(frozen=True, slots=True)
class StateBooks:
    """What a state had at one moment.

    Attributes:
        books: Its books.
        read: By partition of the topic, the offset up to which it has read.
    """

    books: Books
    read: Mapping[Where, int]

    def faults(self, seen: Found) -> list[str]:
        """By what it differs from the rows that it has read, in words."""
        pairs = [
            ("counted", self.books.counted, seen.counted),
            ("duplicate", self.books.duplicate, seen.duplicate),
            ("late", self.books.late, seen.late),
            ("rejected", self.books.rejected, seen.rejected + seen.foreign),
        ]
        return [f"{mine:,} {name}, not {due:,}" for name, mine, due in pairs if mine != due]


def noted_places(
    notes: Mapping[str, tuple[bytes, int]], ids: Mapping[str, str | None], places: Sequence[Where]
) -> dict[Where, int]:
    """How far a state has read each partition, by what its source noted.

    Args:
        notes: Of the source, by key.
        ids: The ids of topics as they are now; a topic that was made anew has not been read.
        places: The partitions.
    """
    keys = {where: place_key(ids[where[0]] or "", where[1]) for where in places}
    return {where: int(notes[key][0]) for where, key in keys.items() if key in notes}
