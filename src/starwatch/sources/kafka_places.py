"""How far a Kafka source is in each partition of each topic, by the topic's id and not its name."""

from dataclasses import dataclass

FIRST, LAST = "earliest", "latest"


@dataclass(slots=True)
class Place:
    """One assigned partition.

    Attributes:
        topic: The topic's name.
        partition: The partition's number there.
        topic_id: The topic's id: another one after it was deleted and made anew.
        number: What the door calls it.
        following: The offset behind all that was handed over.
        at_end: Whether the broker said that there is nothing behind `following`.
    """

    topic: str
    partition: int
    topic_id: str
    number: int
    following: int
    at_end: bool = False

    @property
    def key(self) -> str:
        """What its position is noted under."""
        return place_key(self.topic_id, self.partition)


class Progress:
    """How far all partitions are that this process has had, assigned now or not.

    Two positions each: behind what was handed over, which this process will commit or die, and so
    never wants again; and behind what is committed, which the group may be told. Read and written
    by the source's thread, but for `commit`, which the engine's thread calls.

    Args:
        noted: What was committed in earlier runs: by `place_key`, the offset as digits.
    """

    def __init__(self, noted: dict[str, bytes]) -> None:
        self._handed = {key: int(value) for key, value in noted.items()}
        self._committed = dict(self._handed)
        self._told: dict[str, int] = {}

    def known(self, key: str) -> int | None:
        """The offset to go on at, None for a partition never had."""
        return self._handed.get(key)

    def begin(self, key: str, offset: int) -> None:
        """A partition is read from an offset on."""
        self._handed[key] = self._committed[key] = offset

    def hand_over(self, key: str, following: int) -> None:
        """All before an offset is in the queue of the service."""
        self._handed[key] = following

    def commit(self, key: str, following: int) -> None:
        """All before an offset is committed."""
        self._committed[key] = following

    def committed(self) -> dict[str, int]:
        """All committed positions."""
        return dict(self._committed)

    def outstanding(self, key: str) -> bool:
        """Whether something handed over is not committed yet."""
        return self._handed[key] != self._committed[key]

    def untold(self, key: str) -> int | None:
        """The committed offset, where the group does not know it yet."""
        offset = self._committed[key]
        return None if self._told.get(key) == offset else offset

    def tell(self, key: str, offset: int) -> None:
        """The group was told."""
        self._told[key] = offset


def place_key(topic_id: str, partition: int) -> str:
    """What the position of a partition is noted under."""
    return f"{topic_id}:{partition}"


def is_place_key(key: str) -> bool:
    """Whether a position of a partition is noted under a key."""
    return ":" in key


@dataclass(frozen=True, slots=True)
class Start:
    """Where a partition is to be read from.

    Attributes:
        offset: The first offset.
        gone: Offsets that should have been read and that the broker has no more.
        ahead: How far the position was behind the end of the topic: the broker has lost its end.
    """

    offset: int
    gone: int = 0
    ahead: int = 0


def starting(
    *, known: int | None, group: int | None, low: int, high: int, unknown: str = FIRST
) -> Start:
    """Where a partition is read from.

    What is committed here counts, and so does what the group says: another process of the group may
    have read on from there meanwhile.

    Args:
        known: Behind what this state has, None where it never had the partition.
        group: What the group committed for this very topic, None for nothing.
        low: The first offset that the broker has.
        high: The offset behind the last.
        unknown: Where to begin if neither is known, `earliest` or `latest`.

    >>> starting(known=5, group=3, low=0, high=9)
    Start(offset=5, gone=0, ahead=0)
    >>> starting(known=5, group=None, low=7, high=9)
    Start(offset=7, gone=2, ahead=0)
    """
    wanted = max((offset for offset in (known, group) if offset is not None), default=None)
    if wanted is None:
        return Start(low if unknown == FIRST else high)
    return Start(
        offset=min(max(wanted, low), high), gone=max(low - wanted, 0), ahead=max(wanted - high, 0)
    )
