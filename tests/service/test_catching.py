"""What had waited for a service is no rate, and health does not wait for the engine."""

from shutil import copytree
from threading import Event, Thread

from service.live_sources import KnowsItsEnd, Scripted, backlog_then_ten_a_second, handed_over
from service.serving import running, soon
from starwatch.service.catching import Catching
from starwatch.service.inbox import Told
from starwatch.views.views import Views


def now(catching):
    return catching.facts["catching_up"]["now"]


def test_a_source_that_knows_its_end_catches_up_once_a_connection():
    catching = Catching()
    assert catching.told(Told("join", (1,), value=True, waited=True), 5)
    catching.told(Told("join", (2,), value=True, waited=True), 6)
    assert now(catching)
    catching.told(Told("caught_up", (1,)), 7)
    assert now(catching)
    assert catching.told(Told("caught_up", (2,)), 8)
    assert catching.facts == {"catching_up": {"now": False, "until_ms": 8}}
    # It falls behind, and comes to its end again: what comes now is no backlog.
    assert not catching.told(Told("caught_up", (2,), value=False), 9)
    assert not catching.told(Told("caught_up", (2,)), 10)
    catching.told(Told("connected", (1, 2), value=False), 11)
    assert catching.told(Told("connected", (1, 2), waited=True), 12)
    assert now(catching)
    catching.told(Told("connected", (1, 2), value=False), 13)
    assert not now(catching)


def test_a_source_that_knows_no_end_has_no_backlog():
    catching = Catching()
    assert not catching.told(Told("join", (1,), value=True), 5)
    assert not catching.told(Told("caught_up", (1,)), 6)
    assert not now(catching)


def test_the_rate_leaves_out_what_had_waited(tmp_path):
    read = Event()
    with (
        running(tmp_path, KnowsItsEnd(backlog_then_ten_a_second(3000, read)), noted=True),
        Views.open(tmp_path / "state") as views,
    ):
        try:
            soon(lambda: views.about().books.received == 3000, seconds=60)
            soon(lambda: views.about().rate is None)
            read.set()
            soon(lambda: views.about().rate, seconds=60)
            assert views.about().rate < 15  # ten a second; with the others it would be hundreds
        finally:
            read.set()


def test_one_that_was_killed_meanwhile_catches_up_no_more(tmp_path):
    end = Event()

    def script(door):
        door.connected(value=True)
        handed_over(door, door.partition(""), *[("P", 5)] * 30)
        assert end.wait(60)

    with running(tmp_path, KnowsItsEnd(script), noted=True) as service:
        try:
            with Views.open(tmp_path / "state") as views:
                soon(lambda: views.about().books.received == 30 and views.about().rate is None)
            with service.operating.lock:
                copytree(tmp_path / "state", tmp_path / "killed")
        finally:
            end.set()
    with Views.open(tmp_path / "killed") as views:
        soon(lambda: views.about().books.received == 30)
        assert views.about().rate is not None


def test_figures_are_told_while_the_engine_works_on_something_long(tmp_path):
    def script(door):
        door.connected(value=True)
        handed_over(door, door.partition(""), ("P", 5), ("Q", 4))

    with running(tmp_path, Scripted(script)) as service:
        soon(lambda: service.figures().books.received == 2)
        found = []
        asking = Thread(target=lambda: found.append(service.figures()), daemon=True)
        with service.operating.lock:  # as for a step that takes long
            asking.start()
            asking.join(20)
            assert not asking.is_alive()
        (figures,) = found
        assert (figures.books.received, figures.products, figures.partitions) == (2, 2, 1)
        assert figures.troubles == []
