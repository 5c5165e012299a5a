"""Live sources and sinks that do what a test tells them."""

from collections.abc import Callable
from dataclasses import dataclass, field
from threading import Event

import numpy as np
import pyarrow as pa

from starwatch.ports import Delivery, Door, Receipt
from starwatch.ratings.batch import NO_TIME, Decoded
from starwatch.ratings.rejects import Reason, Reject


def decoded(*ratings, first=0, rejects=0) -> Decoded:
    """Ratings given as (product, stars) or (product, stars, event_ms)."""
    events = [rating[2] if len(rating) > 2 else NO_TIME for rating in ratings]
    return Decoded(
        position=np.arange(first, first + len(ratings), dtype=np.int64),
        product=pa.array([rating[0] for rating in ratings], pa.string()),
        reviewer=pa.array(["u"] * len(ratings), pa.string()),
        stars=np.array([rating[1] - 1 for rating in ratings], np.uint8),
        event_ms=np.array(events, np.int64),
        rejects=tuple(Reject(first + n, Reason.UNREADABLE, b"?") for n in range(rejects)),
    )


@dataclass
class Scripted:
    """A source that runs a function with its door, then waits for the end of the service."""

    script: Callable[[Door], None]
    name: str = "scripted"
    own_time: bool = False
    runs: int = 0
    done: Event = field(default_factory=Event)

    def run(self, door: Door) -> None:
        self.runs += 1
        self.script(door)
        self.done.set()
        while not door.wait(1):
            pass


@dataclass
class KnowsItsEnd(Scripted):
    """A source whose first ratings had waited for it."""

    knows_its_end: bool = True


def backlog_then_ten_a_second(number: int, read: Event) -> Callable[[Door], None]:
    """A script: so many ratings that had waited, and once `read` is set one every tenth."""

    def script(door: Door) -> None:
        door.connected(value=True)
        partition = door.partition("")
        handed_over(door, partition, *[("P", 5)] * number)
        assert read.wait(120)
        door.caught_up(partition, value=True)
        position = number
        while not door.wait(0.1):
            door.deliver(Delivery(partition, decoded(("P", 4), first=position), 100))
            position += 1

    return script


def handed_over(door, partition, *ratings, notes=(), **more) -> Receipt:
    """Deliver, and wait for the commit."""
    receipts, told = [], Event()

    def committed(receipt):
        receipts.append(receipt)
        told.set()

    delivery = Delivery(partition, decoded(*ratings, **more), 100, notes, committed)
    assert door.deliver(delivery)
    assert told.wait(10)
    return receipts[0]
