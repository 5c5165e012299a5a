"""The queue of a service: bounded, stamped, in order."""

from itertools import count
from threading import Thread

from service.live_sources import decoded
from starwatch.ports import Delivery
from starwatch.service.inbox import Inbox, Received, Told


def received(number, *, size=10, rejects=0):
    ratings = decoded(*[("p", 3)] * number, rejects=rejects)
    return Received("source", Delivery(0, ratings, size))


def inbox(**bounds):
    clock = count(1000)
    return Inbox(lambda: next(clock), **bounds)


def test_what_was_put_in_comes_out_in_order_with_rising_stamps():
    box = inbox()
    items = [received(2), Told("caught_up", (0,)), received(1)]
    assert box.put(items[0], wait=False)
    box.tell(items[1])
    assert box.put(items[2], wait=False)
    assert (box.ratings, box.bytes) == (3, 20)
    assert box.take(0) == [(1000, items[0]), (1001, items[1]), (1002, items[2])]
    assert box.take(0) == []
    assert (box.ratings, box.bytes) == (0, 0)


def test_a_full_queue_takes_no_more_ratings_or_bytes_but_always_what_is_told():
    box = inbox(most_ratings=5, most_bytes=100)
    assert box.put(received(3, rejects=1), wait=False)
    assert not box.put(received(2), wait=False)
    assert box.put(received(1), wait=False)
    box.tell(Told("leave", (0,)))
    box.take(0)
    assert box.put(received(1, size=60), wait=False)
    assert not box.put(received(1, size=60), wait=False)


def test_a_delivery_larger_than_the_bound_passes_alone():
    box = inbox(most_ratings=5, most_bytes=100)
    assert box.put(received(9, size=900), wait=False)


def test_who_waits_goes_on_when_there_is_room_and_when_the_queue_closes():
    box, answers = inbox(most_ratings=2), []
    assert box.put(received(2), wait=False)
    waiting = Thread(target=lambda: answers.append(box.put(received(1), wait=True)))
    waiting.start()
    assert len(box.take(1)) == 1
    waiting.join(10)
    assert answers == [True]
    full = Thread(target=lambda: answers.append(box.put(received(2), wait=True)))
    full.start()
    box.close()
    full.join(10)
    assert answers == [True, False]
    assert len(box.take(0)) == 1
