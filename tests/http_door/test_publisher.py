"""A replay posted over HTTP: everything arrives once, whatever happens on the way."""

import json
import logging
import threading
import time
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs

import pytest

from http_door.served import served
from starwatch.errors import BadSetting, OutputFailed
from starwatch.sinks import http_publisher as module
from starwatch.sinks.http_publisher import http_publisher
from starwatch.sinks.publishers import Outgoing, open_publisher


def ratings(number):
    made = [
        {"reviewerID": f"A{at}", "productID": f"p{at % 7}", "rating": 1 + at % 5, "dummy": "a"}
        for at in range(number)
    ]
    return [Outgoing(one["productID"], one, json.dumps(one).encode()) for one in made]


def never():
    return False


@contextmanager
def scripted(*answers):
    """A server that gives these answers, then 200; None: it hangs up behind the request."""
    posts, left = [], list(answers)

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            posts.append((self.path, dict(self.headers), body))
            answer = left.pop(0) if left else 200
            if answer is None:
                self.close_connection = True
                return
            status, headers = answer if isinstance(answer, tuple) else (answer, {})
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", "2")
            self.end_headers()
            self.wfile.write(b"{}")

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        server.daemon_threads = True
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}", posts
        server.shutdown()


@pytest.fixture(autouse=True)
def short_pauses(monkeypatch):
    monkeypatch.setattr(module, "_FIRST_PAUSE", 0.02)


def test_ratings_arrive_in_batches_and_are_acknowledged(tmp_path):
    with served(tmp_path) as door:
        publisher = open_publisher(f"{door.url}/ratings", {})
        assert publisher.send(ratings(2500), never) == 2500
        assert publisher.send([], never) == 0
        publisher.close(5)
        publisher.close(5)
        figures = door.service.figures()
    assert publisher.acknowledged == figures.books.counted == 2500
    assert door.source.posts == {200: 3}
    assert publisher.name == f"{door.url}/ratings"


def test_a_lost_answer_a_full_queue_and_a_stop_are_tried_again_with_the_same_key(caplog):
    answers = (None, 503, (429, {"Retry-After": "0"}), None)
    with scripted(*answers) as (url, posts), caplog.at_level(logging.INFO):
        publisher = http_publisher(url, {})
        assert publisher.send(ratings(3), never) == 3
        assert publisher.send(ratings(1), never) == 1
        publisher.close(1)
    assert publisher.acknowledged == 4
    keys = [headers["Idempotency-Key"] for _, headers, _ in posts]
    assert len(set(keys[:5])) == 1
    assert len(set(keys)) == 2
    assert len({body for _, _, body in posts[:5]}) == 1
    assert {path for path, _, _ in posts} == {"/ratings"}
    assert sum("tried again" in each for each in caplog.messages) == 1
    assert sum("takes ratings again" in each for each in caplog.messages) == 1


def test_ratings_that_are_rejected_are_taken(tmp_path):
    bad = [Outgoing("p", {}, b'{"productID":"p","rating":9}')]
    with served(tmp_path) as door:
        publisher = http_publisher(f"{door.url}/ratings", {})
        assert publisher.send(bad, never) == 1
        publisher.close(1)
        assert door.service.figures().books.rejected == publisher.acknowledged == 1


@pytest.mark.parametrize("status", [401, 404, 422, 302, 400])
def test_what_is_refused_for_good_is_one_line(status):
    with scripted(status) as (url, _):
        publisher = http_publisher(url, {"token": "tell nobody"})
        with pytest.raises(OutputFailed, match=f"refuses what is posted: {status}") as refused:
            publisher.send(ratings(1), never)
        publisher.close(0)
    assert "tell nobody" not in str(refused.value)


def test_the_token_is_shown_to_the_other_side_alone(tmp_path):
    with served(tmp_path, token="tell.nobody") as door:
        address = door.url.removeprefix("http://")
        for url, options in (
            (f"http://tell.nobody@{address}", {}),
            (f"http://:tell.nobody@{address}/ratings", {}),
            (door.url, {"token": "tell.nobody"}),
        ):
            publisher = http_publisher(url, options)
            assert publisher.send(ratings(1), never) == 1
            publisher.close(1)
            assert publisher.name == f"http://{address}/ratings"
        assert door.service.figures().books.counted == 3


def test_the_mode_of_the_reference_posts_form_fields_one_by_one():
    with scripted() as (url, posts):
        publisher = http_publisher(f"{url}/amazon#form=yes", {})
        assert publisher.send(ratings(2), never) == 2
        publisher.close(1)
    assert [path for path, _, _ in posts] == ["/amazon"] * 2
    fields = parse_qs(posts[1][2].decode())
    assert fields == {"reviewerID": ["A1"], "productID": ["p1"], "rating": ["2"], "dummy": ["a"]}


def test_a_wait_for_a_server_that_is_away_ends_when_it_is_asked_to(monkeypatch):
    monkeypatch.setattr(module, "_FIRST_PAUSE", 60.0)
    with scripted(503) as (url, posts):
        publisher = http_publisher(url, {})
        until = time.monotonic() + 0.5
        began = time.monotonic()
        assert publisher.send(ratings(1500), lambda: time.monotonic() > until) == 1000
        assert time.monotonic() - began < 5
        assert publisher.acknowledged == 0
        publisher.close(10)  # tries once more
    assert publisher.acknowledged == 1000
    assert len(posts) == 2


def test_close_does_not_wait_longer_than_it_may():
    with scripted(*[503] * 1000) as (url, _):
        publisher = http_publisher(url, {})
        publisher.send(ratings(1), lambda: True)
        began = time.monotonic()
        publisher.close(0.3)
        assert time.monotonic() - began < 5
    assert publisher.acknowledged == 0


@pytest.mark.parametrize(
    ("url", "options", "said"),
    [
        ("http:///ratings", {}, "names no host"),
        ("http://a:99999/", {}, "names no host"),
        ("http://secret@a:port/", {}, "cannot be read"),
        ("http://a:1", {"tokem": "x"}, "Did you mean"),
        ("http://a:1/#shape=yes", {}, "shape"),
    ],
)
def test_what_cannot_be_posted_to(url, options, said):
    with pytest.raises(BadSetting, match=said) as refused:
        http_publisher(url, options)
    assert "secret" not in str(refused.value)
