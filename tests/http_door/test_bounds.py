"""What a client cannot do: fill memory, hold connections, get in without the token."""

import gzip
import json
import logging
import socket
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from http.client import HTTPConnection
from urllib.parse import urlsplit

import pytest

from commands import soon
from http_door.served import JOB, ONE, asked, served
from service.live_sources import Scripted
from starwatch.codecs.messages import JsonMessages
from starwatch.codecs.options import InputOptions
from starwatch.errors import BadSetting
from starwatch.page.serving import ServerLimits, serve
from starwatch.service.pauses import Pauses
from starwatch.sources.http_door.endpoint import RatingsEndpoint
from starwatch.sources.http_door.limits import DoorLimits
from starwatch.sources.http_door.source import HttpSource

SMALL = DoorLimits(body_bytes=1000, lines=5)


def posted(url, body):
    """The status that a post of its own gets."""
    connection = HTTPConnection(urlsplit(url).netloc, timeout=20)
    try:
        return asked(connection, "POST", "/ratings", json.dumps(body)).status
    finally:
        connection.close()


def raw(port, data=b""):
    client = socket.create_connection(("127.0.0.1", port), timeout=10)
    client.sendall(data)
    return client


def ended(client, seconds):
    """Whether the server lets go of a connection within so many seconds."""
    client.settimeout(seconds)
    try:
        while client.recv(1000):
            pass
    except ConnectionError:
        return True
    except TimeoutError:
        return False
    return True


@pytest.fixture
def door(tmp_path):
    with served(tmp_path, limits=SMALL) as door:
        yield door


def chunks(number):
    for _ in range(number):
        yield b"x" * 100


def test_a_body_that_is_too_large_is_refused_whatever_it_says_of_its_length(door):
    assert door.post(b"x" * 1001).status == 413
    assert door.ask("POST", "/ratings", chunks(20)).status == 413  # chunked
    for size in (1001, 900_000):
        bomb = gzip.compress(b"\n" * size)
        assert len(bomb) < 1000
        assert door.post(bomb, content_encoding="gzip").status == 413
    assert door.post([ONE]).status == 200


def test_a_length_alone_is_enough_to_refuse_a_body(door):
    head = b"POST /ratings HTTP/1.1\r\nHost: localhost\r\nContent-Length: 9999999999\r\n\r\n"
    with raw(door.port, head) as client:
        assert client.recv(100).startswith(b"HTTP/1.1 413")
        assert ended(client, 5)


def test_too_many_ratings_in_a_body(door):
    assert door.post("{}\n" * 6, content_type="application/x-ndjson").status == 413
    assert door.post("[{},{},{},{},{},{}]").status == 413


def test_a_line_of_megabytes_is_one_reject(tmp_path):
    with served(tmp_path) as door:
        long = json.dumps(ONE | {"text": "x" * (1 << 20)})
        got = door.post(json.dumps(ONE) + "\n" + long, content_type="application/x-ndjson")
    assert got.json["rejects"] == [{"line": 2, "reason": "unreadable"}]


def test_deep_nesting_is_a_reject(tmp_path):
    with served(tmp_path) as door:
        assert door.post(b"[" * 100_000).status == 400
        deep = b'{"productID":' + b"[" * 100_000
        assert door.post(deep, content_type="application/x-ndjson").status == 400
        assert door.post([ONE]).status == 200


def test_a_body_that_takes_too_long(tmp_path):
    with served(tmp_path, limits=DoorLimits(read_seconds=0.3)) as door:
        head = b"POST /ratings HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100\r\n\r\n"
        with raw(door.port, head) as client:
            began = time.monotonic()
            while time.monotonic() - began < 5:
                try:
                    client.sendall(b"x")
                except ConnectionError:
                    break
                time.sleep(0.05)
                client.settimeout(0.01)
                try:
                    if client.recv(100).startswith(b"HTTP/1.1 408"):
                        break
                except TimeoutError:
                    continue
            assert 0.2 < time.monotonic() - began < 3
            assert ended(client, 5)


def test_headers_that_take_too_long_or_are_too_large(tmp_path):
    limits = ServerLimits(header_seconds=0.3, header_bytes=2000)
    with served(tmp_path, server_limits=limits) as door:
        with raw(door.port) as silent:
            assert ended(silent, 5)
        with raw(door.port, b"POST /ratings HT") as slow:
            assert ended(slow, 5)
        # A kept connection, whose next request trickles in
        with raw(door.port, b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n") as again:
            assert again.recv(1000).startswith(b"HTTP/1.1 200")
            time.sleep(0.5)  # idle is no trickle
            again.sendall(b"GET /heal")
            assert ended(again, 5)
        with raw(door.port, b"GET /healthz HTTP/1.1\r\nX: " + b"x" * 5000) as large:
            assert large.recv(100).startswith(b"HTTP/1.1 431")
        # Whole in one piece, so that it never waits to become whole
        for size, status in ((1800, b"200"), (2000, b"431"), (60_000, b"431")):
            head = b"GET /healthz HTTP/1.1\r\nHost: localhost\r\nX: " + b"x" * size
            with raw(door.port, head + b"\r\n\r\n") as whole:
                assert whole.recv(100).startswith(b"HTTP/1.1 " + status)
        with raw(door.port, b"\x16\x03\x01 no http at all\r\n\r\n") as garbage:
            assert garbage.recv(100).startswith(b"HTTP/1.1 400")
        assert door.post([ONE]).status == 200


def test_one_connection_too_many_is_let_go(tmp_path):
    with served(tmp_path, server_limits=ServerLimits(connections=5)) as door, ExitStack() as held:
        clients = [held.enter_context(raw(door.port)) for _ in range(5)]
        with raw(door.port) as further:
            assert ended(further, 5)
        clients[0].close()
        time.sleep(0.1)
        assert door.post([ONE]).status == 200


def test_a_full_queue_is_told_and_what_waits_is_taken_later(tmp_path):
    limits = DoorLimits(waiting_bytes=300)
    with served(tmp_path, limits=limits) as door:
        body = json.dumps([ONE] * 2)
        with ExitStack() as opened, door.service.operating.lock:
            waiting = []
            statuses = []
            for _ in range(12):
                connection = door.connect()
                opened.callback(connection.close)
                connection.request("POST", "/ratings", body)
                waiting.append(connection)
                time.sleep(0.05)
            full = door.post(body)
            statuses.append(full.status)
        assert statuses == [429]
        assert full.headers["retry-after"] == "1"


def test_who_waits_too_long_for_the_commit_is_told_that_it_is_unknown(tmp_path):
    with served(tmp_path, limits=DoorLimits(commit_seconds=0.2)) as door:
        with door.service.operating.lock:
            got = door.post([ONE], idempotency_key="k")
        assert (got.status, "unknown" in got.json["error"]) == (503, True)
        time.sleep(0.3)
        assert door.post([ONE], idempotency_key="k").headers["idempotency-replayed"] == "true"
        assert door.service.figures().books.received == 1


def test_a_post_that_comes_before_the_service_has_begun_waits_for_it(tmp_path):
    with ThreadPoolExecutor() as posting:
        early = []

        def before(url):
            early.append(posting.submit(posted, url, [ONE]))
            time.sleep(0.3)  # it has come by then
            assert not early[0].done()

        with served(tmp_path, before=before):
            assert early[0].result(10) == 200


def test_a_post_waits_for_the_begin_of_a_service_only_so_long():
    source = HttpSource(InputOptions(), JOB.scale, limits=DoorLimits(start_seconds=0.2))
    server = serve(RatingsEndpoint(source), [("127.0.0.1", 0)])
    try:
        assert posted(server.url, [ONE]) == 503
    finally:
        server.stop()


def test_a_service_that_ends_before_it_has_begun_holds_no_post():
    source = HttpSource(InputOptions(), JOB.scale)
    server = serve(RatingsEndpoint(source), [("127.0.0.1", 0)])
    with ThreadPoolExecutor() as posting:
        early = posting.submit(posted, server.url, [ONE])
        time.sleep(0.2)
        assert not early.done()
        source.abandon()
        assert early.result(3) == 503
    server.stop()


def test_while_the_service_stops_nothing_is_taken(tmp_path):
    def slow(door):
        while not door.wait(1):
            pass
        time.sleep(0.7)

    with served(tmp_path, others=[Scripted(slow)]) as door:
        door.stop.set()
        time.sleep(0.2)
        got = door.post([ONE])
        assert (got.status, got.headers["retry-after"]) == (503, "1")
        assert door.get("/readyz").json["why"]
    assert door.service.figures().books.received == 0


def test_a_fault_of_ours_costs_one_post_and_no_other(tmp_path, monkeypatch, caplog):
    monkeypatch.setattr(Pauses, "next", lambda _: 0.3)
    with served(tmp_path) as door:
        with monkeypatch.context() as patched:
            patched.setattr(JsonMessages, "decode", lambda *_, **__: 1 / 0)
            assert door.post([ONE], idempotency_key="k").status == 500
            assert door.post([ONE], idempotency_key="k").status == 503
        soon(lambda: door.source.ready)
        got = door.post([ONE], idempotency_key="k")
        assert (got.status, "idempotency-replayed" in got.headers) == (200, False)
        assert door.service.figures().books.received == 1
    assert "division by zero" in caplog.text


def test_without_the_token_nobody_gets_in(tmp_path, caplog):
    caplog.set_level(logging.DEBUG)
    with served(tmp_path, token="tell nobody") as door:
        assert door.post([ONE]).status == 401
        for wrong in ("Bearer", "Bearer x", "Basic tell nobody", "tell nobody", "Bearer tell"):
            got = door.post([ONE], authorization=wrong)
            assert (got.status, got.headers["www-authenticate"]) == (401, "Bearer")
        assert door.get("/metrics").status == 401
        assert door.get("/elsewhere").status == 401
        assert door.get("/healthz").status == 200
        assert set(door.get("/readyz").json) == {"status"}
        good = {"authorization": "Bearer tell nobody"}
        assert door.post([ONE], **good).status == 200
        assert door.get("/metrics", **good).status == 200
        assert "why" in door.get("/readyz", **good).json
    assert "tell nobody" not in caplog.text


@pytest.mark.parametrize(
    ("host", "status"),
    [
        *(("127.0.0.1:8321", 200), ("localhost", 200), ("[::1]:80", 200), ("LOCALHOST:1", 200)),
        *(
            ("evil.example:8321", 403),
            ("127.0.0.1.evil.example", 403),
            ("[::2]:80", 403),
            ("", 403),
        ),
    ],
)
def test_another_name_for_this_machine_needs_the_token(tmp_path, host, status):
    with served(tmp_path) as door:
        origin = f"http://{host}"
        assert door.post([ONE], host=host, origin=origin).status == status
        assert door.get("/readyz", host=host).status in ({200, 503} if status == 200 else {403})
    with served(tmp_path, token="t") as door:
        assert door.post([ONE], host=host, authorization="Bearer t").status == 200


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "shop.example"])  # noqa: S104
def test_beyond_loopback_a_token_is_needed(host):
    with pytest.raises(BadSetting, match="there is no token"):
        serve(None, [(host, 0)])


def test_a_port_that_is_taken_is_one_line(tmp_path):
    with served(tmp_path) as door:
        with pytest.raises(BadSetting) as refused:
            serve(None, [("127.0.0.1", 0), ("127.0.0.1", door.port)])
        assert str(refused.value).startswith(f"port {door.port} on 127.0.0.1 is taken. Stop ")


def test_an_address_that_is_not_this_machines():
    with pytest.raises(BadSetting, match="cannot be listened on"):
        serve(None, [("192.0.2.1", 0)], token="t")


def test_open_windows_are_held_by_an_open_request_alone(tmp_path):
    """While a body arrives, its path is not caught up; behind it windows close by themselves."""
    with served(tmp_path, job=JOB) as door:
        door.post([ONE])
        head = b"POST /ratings HTTP/1.1\r\nHost: localhost\r\nContent-Length: 55\r\n\r\n"
        with raw(door.port, head):
            time.sleep(2.5)
            held = door.service.figures().closed_rows
        until = time.monotonic() + 10
        while door.service.figures().closed_rows < 2 and time.monotonic() < until:
            time.sleep(0.05)
        assert (held, door.service.figures().closed_rows) == (0, 2)
