"""A made-up shop as a live source: each row comes once, over any number of restarts."""

import time

import numpy as np

from service.serving import running, soon
from starwatch.generator.options import ShopOptions
from starwatch.generator.shop import Shop
from starwatch.sources.shop import ShopSource
from starwatch.windows.job import Duplicates, Job, WindowTime
from starwatch.windows.spec import WindowSpec

JOB = Job(
    windows=(WindowSpec(1000, 500),),
    time=WindowTime.EVENT,
    bound_ms=200,
    duplicates=Duplicates.IDS,
)
HOUR_MS = 3_600_000


def options(**more):
    given = {"products": 20, "rate": 20.0, "start_ms": time.time_ns() // 10**6 - HOUR_MS}
    given |= {"disorder_ms": 150, "duplicates": 0.01, "malformed": 0.01} | more
    return ShopOptions(**given)


def rows_of(shop, until_ms):
    parts = [step.rows for step in takewhile_until(shop.live(), until_ms)]
    return sum(map(len, parts)), sum(int(np.count_nonzero(part.flaw)) for part in parts)


def takewhile_until(steps, until_ms):
    for step in steps:
        if step.until_ms > until_ms:
            return
        yield step


def test_an_hour_that_has_passed_is_there_at_once_and_then_it_goes_on_live(tmp_path):
    chosen = options()
    with running(tmp_path, ShopSource(Shop(chosen)), job=JOB) as service:
        past, broken = rows_of(Shop(chosen), chosen.start_ms + HOUR_MS)
        soon(lambda: service.figures().books.received >= past)
        soon(lambda: service.figures().books.received > past + 10)
        soon(lambda: service.figures().watermark_ms > time.time() * 1000 - 2000)
        books = service.figures().books
    assert books.balanced
    assert books.rejected >= broken > 0
    assert books.duplicate > 0
    assert books.late == 0  # all are disordered within the bound


def test_a_service_that_ends_and_begins_again_gets_every_row_once(tmp_path):
    chosen = options()
    received = []
    for _ in range(3):
        with running(tmp_path, ShopSource(Shop(chosen)), job=JOB) as service:
            soon(lambda: service.figures().books.received > sum(received[-1:]) + 5)
            soon(lambda: service.figures().watermark_ms > time.time() * 1000 - 2000)
        received.append(service.engine.books.received)
    positions = service.engine.positions()
    assert list(positions.values()) == received[-1:]  # none twice: each row took one position
    upto = chosen.start_ms + HOUR_MS + 600_000
    rows, _ = rows_of(Shop(chosen), upto)
    assert received[0] < received[1] < received[2] < rows


def test_a_shop_that_closes_says_so(tmp_path):
    source = ShopSource(Shop(options(span_ms=HOUR_MS // 2)))
    with running(tmp_path, source, job=JOB) as service:
        assert source.ended.wait(20)
        expected, _ = rows_of(Shop(source.shop.options), source.shop.options.start_ms + HOUR_MS)
        soon(lambda: service.figures().books.received == expected)


class Collecting:
    """A door that takes everything, and stops where the shop would have to wait."""

    def __init__(self):
        self.sizes = []

    def now_ms(self):
        return time.time_ns() // 10**6

    def partition(self, name):
        del name
        return 0

    def position(self, partition):
        del partition
        return 0

    def connected(self, *, value):
        del value

    def caught_up(self, partition, *, value):
        del partition, value

    def wait(self, seconds):
        del seconds
        return True

    def deliver(self, delivery):
        self.sizes.append(len(delivery.ratings.position) + len(delivery.ratings.rejects))
        return True


def test_the_first_ratings_of_a_long_past_come_before_the_rest_is_made():
    door = Collecting()
    ShopSource(Shop(options())).run(door)
    assert sum(door.sizes) > 50_000
    assert 0 < door.sizes[0] < 1500
    assert max(door.sizes) > 10_000  # and the others are few
    assert len(door.sizes) < 15
