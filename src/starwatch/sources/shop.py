"""A made-up shop as a live source: what `starwatch demo` watches."""

from collections.abc import Callable, Iterable, Iterator
from threading import Event

from starwatch.generator.chunk import Chunk
from starwatch.generator.shop import Shop, Step
from starwatch.ports import Delivery, Door
from starwatch.ratings.batch import Decoded

_FIRST, _AT_ONCE = 1 << 10, 1 << 14
"""Rows of the first delivery while it catches up, about, and of the largest: whoever looks shall
have something to see before the whole past is made."""

_ROW_BYTES = 64
"""What a row would take as a message, for the bound of the queue."""


class ShopSource:
    """Delivers what arrives at a shop when it arrives, and at once what did so before now.

    A shop is wholly decided by its options, so it can be asked again for anything: a service that
    was killed gets what no commit holds, and what arrived meanwhile. Rows keep their event times.

    Attributes:
        shop: The shop; its opening may lie in the past.
        ended: Set when a shop that closes has closed.
    """

    name = "shop"
    own_time = False
    knows_its_end = True

    def __init__(self, shop: Shop) -> None:
        self.shop = shop
        self.ended = Event()

    def run(self, door: Door) -> None:
        """Deliver until the service stops, or the shop closes."""
        door.connected(value=True)
        partition = door.partition("")
        position = door.position(partition)
        behind = True
        for step in _at_once(_rest(self.shop.live(), position), door.now_ms):
            ahead_ms = step.until_ms - door.now_ms()
            if ahead_ms > 0:
                if behind:
                    door.caught_up(partition, value=True)
                    behind = False
                if door.wait(ahead_ms / 1000):
                    return
            if not door.deliver(self._delivery(partition, step.rows, position)):
                return
            position += len(step.rows)
        self.ended.set()

    def _delivery(self, partition: int, rows: Chunk, position: int) -> Delivery:
        batch = self.shop.batch(rows, position=position, ids=True)
        decoded = Decoded(
            position=batch.position,
            product=batch.product,
            reviewer=batch.reviewer,
            stars=batch.stars,
            event_ms=batch.event_ms,
            rating_id=batch.rating_id,
            rejects=tuple(reject for _, reject in batch.rejects),
            slots=len(rows),
        )
        return Delivery(partition, decoded, len(rows) * _ROW_BYTES)


def _rest(steps: Iterable[Step], position: int) -> Iterator[Step]:
    """The steps behind so many rows; the first may be the rest of one."""
    for step in steps:
        if position < len(step.rows):
            yield Step(step.until_ms, step.rows.slice(position, len(step.rows)))
        position = max(position - len(step.rows), 0)


def _at_once(steps: Iterable[Step], now_ms: Callable[[], int]) -> Iterator[Step]:
    """Steps that have ended already as few ever larger ones, the others as they are."""
    parts, rows, wanted = [Chunk.empty()], 0, _FIRST
    for step in steps:
        parts.append(step.rows)
        rows += len(step.rows)
        if rows and (rows >= wanted or step.until_ms > now_ms()):
            yield Step(step.until_ms, Chunk.concat(parts))
            parts, rows, wanted = [Chunk.empty()], 0, min(2 * wanted, _AT_ONCE)
    if rows:
        yield Step(step.until_ms, Chunk.concat(parts))
