"""The stream of a running service: what tabs hold is what the API says, whatever they do."""

import json
import socket
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace

import pytest

from commands import soon
from http_door.served import JOB, served
from page.shown import Events
from page.tab import Tab
from starwatch.page.api import answers
from starwatch.page.stream.watches import WatchProducts
from starwatch.windows.job import WindowTime

SAME_ROWS = "view=products&sort=id&overview=1"


def rating(product, stars, reviewer="A"):
    return {"reviewerID": reviewer, "productID": product, "rating": stars}


@contextmanager
def service(folder, **options):
    with served(folder, page={}, **options) as door:
        yield door


def post(door, body):
    """Post ratings, and wait until the page has them: it follows what is committed."""
    received = door.post(body).json["received"]
    before = door.service.figures().books.received
    assert received <= before
    soon(lambda: api(door, "status")["books"]["received"] >= before)


def api(door, name):
    got = door.get(f"/api/v1/{name}")
    assert got.status == 200, got.body
    return got.json


def until(tab, events, told, seconds=10):
    """Take events until something is told."""
    end = time.monotonic() + seconds
    while not told(tab):
        assert time.monotonic() < end, tab.view
        tab.take(events.next())


def test_rows_on_the_screen_are_kept_up_to_date(tmp_path):
    with service(tmp_path) as door:
        post(door, [rating(product, 3) for product in ("A", "B", "C")])
        with Events(door, SAME_ROWS) as events:
            tab = Tab()
            tab.take(events.next())
            until(tab, events, lambda tab: tab.view["rows"]["all_count"] == [1, 1, 1])
            for at in range(5):
                door.post(rating("B", 5, str(at)))
            until(tab, events, lambda tab: tab.view["rows"]["all_count"] == [1, 6, 1])
            until(tab, events, lambda tab: not any(tab.view["rows"]["count"]))
            assert tab.view["rows"] == api(door, "products?sort=id")["rows"]
            assert tab.overview["distribution"] == api(door, "overview")["distribution"]
            assert tab.status["books"]["counted"] == 8
            assert tab.events.count("full") == 1


def test_other_rows_on_the_screen_come_whole(tmp_path):
    with service(tmp_path) as door:
        post(door, rating("B", 3))
        with Events(door, SAME_ROWS) as events:
            tab = Tab()
            until(tab, events, lambda tab: tab.view and tab.view["rows"]["id"] == ["B"])
            door.post(rating("A", 3))
            until(tab, events, lambda tab: tab.view["rows"]["id"] == ["A", "B"])
            assert tab.events[-1] == "full"


def test_what_must_be_told_whole_is_looked_at_once(tmp_path, monkeypatch):
    monkeypatch.setattr("starwatch.page.stream.hub.STATUS_SECONDS", 600)  # only what is committed
    seen, whole = [], WatchProducts.whole

    def noted(watch, answers):
        look = whole(watch, answers)
        seen.append(look["view"]["seq"])
        return look

    monkeypatch.setattr(WatchProducts, "whole", noted)
    with service(tmp_path) as door, Events(door, SAME_ROWS) as events:
        tab = Tab()
        tab.take(events.next())
        for at in range(4):
            door.post(rating(f"A{at}", 3))
            until(tab, events, lambda tab, at=at: f"A{at}" in tab.view["rows"]["id"])
        assert tab.events.count("full") >= 4
        assert len(seen) - len(set(seen)) < 4


def test_what_is_committed_is_told_within_half_a_second(tmp_path):
    with service(tmp_path) as door, Events(door, SAME_ROWS) as events:
        events.next()
        for at in range(5):
            time.sleep(0.3)
            door.post(rating("A", 3, str(at)))
            committed = time.monotonic()
            tab = Tab()
            tab.view = {"rows": {}}
            while True:
                kind, data = events.next()
                rows = data["view"]["rows"] if kind == "full" else data.get("rows", {})
                if rows.get("all_count") == [at + 1]:
                    break
            assert time.monotonic() - committed < 1  # 0.5 on a machine that does nothing else


def test_points_are_told_as_windows_close(tmp_path):
    with service(tmp_path) as door:
        post(door, rating("A", 5))
        with Events(door, "view=product&id=A") as events:
            tab = Tab()
            tab.take(events.next())
            for at in range(4):
                door.post(rating("A", at + 1, str(at)))
                time.sleep(0.15)
            until(tab, events, lambda tab: tab.view["product"]["all_count"] == 5)
            until(tab, events, lambda tab: tab.series("A")["provisional"] is None)
            whole = api(door, f"series?id=A&from_ms={tab.series('A')['from_ms']}")
            assert tab.series("A")["points"] == whole["points"]
            assert tab.series("A")["all"] == whole["all"]
            assert tab.events.count("full") == 1


def test_a_tab_that_comes_back_lacks_no_point_and_has_none_twice(tmp_path):
    with service(tmp_path) as door:
        post(door, [rating("A", 5), rating("B", 1)])
        tab = Tab()
        query = "view=compare&id=A&id=B"
        with Events(door, query) as events:
            tab.take(events.next())
            until(tab, events, lambda tab: tab.series("A")["points"]["end_ms"])
            last_id, start = events.last_id, tab.series("A")["from_ms"]
        for at in range(6):
            door.post(rating("AB"[at % 2], 2, str(at)))
            time.sleep(0.1)
        with Events(door, query, last_id=last_id) as events:
            until(tab, events, lambda tab: tab.series("A")["all"]["count"] == 4)
            until(tab, events, lambda tab: tab.series("B")["all"]["count"] == 4)
            until(tab, events, lambda tab: tab.series("B")["provisional"] is None)
            assert tab.events.count("full") == 1
        for product in "AB":
            whole = api(door, f"series?id={product}&from_ms={start}")
            assert tab.series(product)["points"] == whole["points"]


@pytest.mark.parametrize("last_id", ["", "x", "1.2.3", "0.1.2.3", "." * 40, "a.b.c.d"])
def test_an_id_that_means_nothing_gets_everything(tmp_path, last_id):
    with service(tmp_path) as door:
        post(door, rating("A", 5))
        with Events(door, "view=product&id=A", last_id=last_id) as events:
            assert events.next()[0] == "full"


def test_rejects_and_pipeline_are_told(tmp_path):
    with (
        service(tmp_path) as door,
        Events(door, "view=rejects") as rejects,
        Events(door, "view=pipeline") as pipeline,
    ):
        told, way = Tab(), Tab()
        told.take(rejects.next())
        way.take(pipeline.next())
        door.post(b'{"productID": "<b>", "rating": 9}')
        until(told, rejects, lambda tab: tab.view["total"] == 1)
        assert told.view["rows"][0]["text"] == '{"productID": "<b>", "rating": 9}'
        until(way, pipeline, lambda tab: tab.view["reasons"] == {"off_scale": 1})
        assert way.view["sources"][0]["state"] == "running"


def test_a_stop_ends_streams_at_once(tmp_path):
    with service(tmp_path) as door:
        tabs = [Events(door, SAME_ROWS) for _ in range(3)]
        for tab in tabs:
            tab.next()
        door.stop.set()
        soon(lambda: door.service.stopping)
        began = time.monotonic()
    assert time.monotonic() - began < 3  # a drain would take 5 s
    with ThreadPoolExecutor() as pool:
        assert all(event is None or event[0] for event in pool.map(lambda tab: tab.next(), tabs))
    for tab in tabs:
        tab.close()


def test_a_quiet_stream_says_that_it_lives(reference, monkeypatch):
    monkeypatch.setattr("starwatch.page.stream.endpoint.QUIET_SECONDS", 0.5)
    with reference.connect_raw() as raw:
        raw.sendall(b"GET /api/v1/stream?view=pipeline HTTP/1.1\r\nHost: localhost\r\n\r\n")
        raw.settimeout(20)
        told = b""
        while b"\n:\n" not in told:
            told += raw.recv(65536)
        assert told.count(b"event: ") == 1


def test_a_tab_that_never_reads_costs_bounded_memory_and_nobody_else_time(tmp_path):
    many = [rating(f"P{at:03}", at % 5 + 1, str(at)) for at in range(200)]
    with service(tmp_path, job=JOB) as door:
        post(door, many)
        sleeper = socket.create_connection(("127.0.0.1", door.port))
        sleeper.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        query = "view=products&sort=id&limit=200"
        line = f"GET /api/v1/stream?{query} HTTP/1.1\r\nHost: localhost\r\n\r\n"
        sleeper.sendall(line.encode())
        with Events(door, query) as events:
            tab = Tab()
            tab.take(events.next())
            for turn in range(25):
                door.post([each | {"reviewerID": f"{turn}"} for each in many])
                tab.take(events.next())
            until(tab, events, lambda tab: set(tab.view["rows"]["all_count"]) == {26})
        held = _held_for(door, sleeper)
        assert held < 1_000_000, held
        sleeper.close()


def _held_for(door, sleeper):
    """Bytes that the server holds in its own memory for a connection."""
    del door
    import gc  # noqa: PLC0415

    ours = sleeper.getsockname()
    return sum(
        each.get_write_buffer_size()
        for each in gc.get_objects()
        if hasattr(type(each), "get_write_buffer_size")
        and not each.is_closing()
        and each.get_extra_info("peername") == ours
    )


def test_there_is_an_end_to_the_number_of_tabs(tmp_path, monkeypatch):
    monkeypatch.setattr("starwatch.page.stream.endpoint.MOST_TABS", 2)
    with service(tmp_path) as door, Events(door, SAME_ROWS) as one, Events(door, SAME_ROWS) as two:
        one.next()
        two.next()
        got = door.get("/api/v1/stream")
        assert got.status == 503
        assert json.loads(got.body)["error"] == "too many tabs are open"
        two.close()
        soon(lambda: door.get("/api/v1/status").status == 200)


def test_a_rating_that_came_too_late_is_seen_in_an_old_window(tmp_path, monkeypatch):
    monkeypatch.setattr(answers, "LATE_SECONDS", 0.5)
    job = replace(JOB, time=WindowTime.EVENT)
    with service(tmp_path, job=job) as door:
        now = time.time() - 5
        old = {"timestamp": now - 120}  # farther back than any window that is still told
        post(door, [rating("A", 5, "u") | old, rating("B", 5) | {"timestamp": now}])
        soon(lambda: api(door, "series?id=A&values=complete")["points"]["end_ms"])
        with Events(door, "view=product&id=A&values=complete") as events:
            tab = Tab()
            tab.take(events.next())
            assert set(tab.series("A")["points"]["count"]) == {1}
            post(door, rating("A", 1, "v") | old)
            until(tab, events, lambda tab: set(tab.series("A")["points"]["count"]) == {2})
            whole = api(door, f"series?id=A&values=complete&from_ms={tab.series('A')['from_ms']}")
            assert tab.series("A")["points"] == whole["points"]
            assert tab.events.count("full") == 2
