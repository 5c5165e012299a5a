"""Ratings posted over real HTTP: every form of a body, what it is answered, what the books say."""

import gzip
import json
import re
import shlex
import shutil
import socket
import subprocess
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from urllib.parse import urlencode

import pytest

from http_door.served import ONE, asked, served
from starwatch.admission.validity import AHEAD_MS, OLDEST_MS
from starwatch.journal.store import Journal
from starwatch.windows.job import Duplicates, Job
from starwatch.windows.spec import WindowSpec


@pytest.fixture
def door(tmp_path):
    with served(tmp_path) as door:
        yield door


def journal(folder):
    """What is in the state of a service that has ended."""
    return closing(Journal(folder / "state" / "starwatch.db", reading=True))


def lines(*ratings):
    return "\n".join(json.dumps(rating) for rating in ratings)


TWO = [ONE, {"asin": "b", "overall": "4", "unixReviewTime": 1358380800}]


@pytest.mark.parametrize(
    ("body", "content_type", "counts"),
    [
        (json.dumps(ONE), "application/json", (1, 1)),
        (json.dumps(ONE, indent=2), "application/json; charset=utf-8", (1, 1)),
        (json.dumps(ONE), "application/x-www-form-urlencoded", (1, 1)),  # as curl -d does
        (json.dumps(TWO), "application/json", (2, 2)),
        ("\ufeff" + json.dumps(TWO, indent=1), "application/json", (2, 2)),
        (lines(*TWO), "application/x-ndjson", (2, 2)),
        (lines(*TWO) + "\n", "application/json", (2, 2)),
        ("\r\n" + "\r\n\r\n".join(map(json.dumps, TWO)), "text/plain", (2, 2)),
        (urlencode(ONE), "application/x-www-form-urlencoded", (1, 1)),
    ],
)
def test_a_body_of_any_form_is_committed_before_its_answer(door, body, content_type, counts):
    got = door.post(body.encode(), content_type=content_type)
    assert (got.status, got.counts) == (200, (*counts, 0, 0, 0))
    assert got.json["rejects"] == []
    books = door.service.figures().books
    assert (books.received, books.counted, books.balanced) == (*counts, True)


def test_a_body_may_be_gzip_and_name_no_type(door):
    packed = gzip.compress(lines(*TWO).encode())
    assert door.post(packed, content_encoding="gzip").counts == (2, 2, 0, 0, 0)
    assert door.post(packed).status in {200, 400}  # never a server error


def test_rejects_are_told_by_line_with_their_reason_and_kept(door):
    bad = "\n".join([json.dumps(ONE), "", "{no", json.dumps(ONE | {"rating": 9}), '{"rating": 1}'])
    got = door.post(bad, content_type="application/x-ndjson")
    assert (got.status, got.counts) == (200, (4, 1, 0, 0, 3))
    assert got.json["rejects"] == [
        {"line": 3, "reason": "unreadable"},
        {"line": 4, "reason": "off_scale"},
        {"line": 5, "reason": "missing_product"},
    ]
    assert door.service.figures().books.reasons == {
        "unreadable": 1,
        "off_scale": 1,
        "missing_product": 1,
    }


def test_of_many_rejects_a_hundred_are_listed(door):
    got = door.post("{\n" * 250, content_type="application/x-ndjson")
    assert (got.status, got.counts) == (400, (250, 0, 0, 0, 250))
    assert [each["line"] for each in got.json["rejects"]] == list(range(1, 101))


def test_where_nothing_can_be_counted_the_status_says_so_and_the_rejects_are_kept(door):
    got = door.post(ONE | {"rating": 9})
    assert (got.status, got.counts) == (400, (1, 0, 0, 0, 1))
    assert door.service.figures().books.rejected == 1


def test_impossible_times_duplicates_and_late_ratings_are_told(tmp_path):
    base = 1_700_000_000_000
    job = Job(
        windows=(WindowSpec(1000, 1000),),
        bound_ms=0,
        duplicates=Duplicates.IDS,
        oldest_ms=OLDEST_MS,
        ahead_ms=AHEAD_MS,
    )
    with served(tmp_path, job=job) as door:
        ratings = [
            ONE | {"ts": base, "id": "1"},
            ONE | {"ts": base + 5000, "id": "2"},
            ONE | {"ts": base + 5000, "id": "2"},
            ONE | {"ts": base, "id": "3"},
            ONE | {"ts": "1980-01-01"},
            ONE | {"ts": "2999-01-01"},
        ]
        got = door.post(ratings)
    assert got.counts == (6, 2, 1, 1, 2)
    assert got.json["rejects"] == [
        {"line": 5, "reason": "event_time_too_old"},
        {"line": 6, "reason": "event_time_in_future"},
    ]


def test_a_reject_of_form_fields_is_kept_as_it_was_posted(tmp_path):
    form = urlencode(ONE | {"rating": 9})
    with served(tmp_path) as door:
        door.post(form, content_type="application/x-www-form-urlencoded")
    with journal(tmp_path) as kept:
        (reject,) = [reject for _, reject in kept.rejects()]
    assert reject.raw == form.encode()


def test_the_mode_of_the_reference_works_several_paths_and_ports_are_served(tmp_path):
    with served(
        tmp_path,
        paths=("/ratings", "/amazon"),
        addresses=(("127.0.0.1", 0), ("127.0.0.1", 0)),
    ) as door:
        form = {"reviewerID": "A1", "productID": "p", "rating": "5.0", "timestamp": "1358380800"}
        assert door.post(
            urlencode(form), "/amazon", content_type="application/x-www-form-urlencoded"
        ).counts == (1, 1, 0, 0, 0)
        assert door.post(ONE).status == 200
        assert set(door.service.engine.partitions()) == {"http /ratings", "http /amazon"}


def test_positions_go_on_behind_a_restart(tmp_path):
    for _ in range(2):
        with served(tmp_path) as door:
            door.post([ONE, ONE | {"rating": 9}, ONE])
    with journal(tmp_path) as kept:
        entries = [entry for _, entry in kept.entries()]
        positions = [at for entry in entries for at in entry.ratings["position"].to_pylist()]
        rejects = [reject.position for _, reject in kept.rejects()]
    assert positions == [0, 2, 3, 5]
    assert rejects == [1, 4]


def test_many_single_posts_share_commits(door):
    def client(number):
        connection = door.connect()
        for _ in range(25):
            got = asked(connection, "POST", "/ratings", json.dumps(ONE | {"user": str(number)}))
            assert got.counts == (1, 1, 0, 0, 0)
        connection.close()

    with ThreadPoolExecutor(16) as pool:
        list(pool.map(client, range(16)))
    figures = door.service.figures()
    assert figures.books.counted == 400
    assert sum(figures.commits.counts) < 300
    assert sum(figures.latency.counts) == 400


@pytest.mark.parametrize(
    ("body", "headers", "status", "said"),
    [
        (b"", {}, 400, "empty"),
        (b" \n\n", {"content_type": "application/x-ndjson"}, 400, "empty"),
        (b"[]", {}, 400, "empty"),
        (b"[1,", {}, 400, "array"),
        (b"hello", {"content_type": "application/x-www-form-urlencoded"}, 400, "form"),
        (b"\xff=\xff", {"content_type": "application/x-www-form-urlencoded"}, 400, "form"),
        (
            b"productID=p&rating=5&productID=q",
            {"content_type": "application/x-www-form-urlencoded"},
            400,
            "the form has the field 'productID' 2 times",
        ),
        (b"{}", {"idempotency_key": "a\tb"}, 400, "printable ASCII"),
        (b"{}", {"content_type": "image/png"}, 415, "content type"),
        (
            b"{}",
            {"content_type": "image/png"},
            415,
            (
                "use application/json, application/jsonl, application/ndjson,"
                " application/x-ndjson, application/x-www-form-urlencoded or text/plain"
            ),
        ),
        (b"{}", {"content_encoding": "br"}, 415, "content encoding"),
        (b"{}", {"content_encoding": "gzip"}, 400, "gzip"),
        (gzip.compress(b"{}", mtime=0)[:-3], {"content_encoding": "gzip"}, 400, "gzip"),
        (b"{}", {"idempotency_key": ""}, 400, "Idempotency-Key"),
        (b"{}", {"idempotency_key": "k" * 256}, 400, "Idempotency-Key"),
        (b"{}", {"origin": "http://elsewhere.example"}, 403, "site"),
    ],
)
def test_what_cannot_be_taken_is_refused_with_one_line_and_kept_in_no_book(
    door, body, headers, status, said
):
    got = door.post(body, **headers)
    assert got.status == status
    assert said in got.json["error"]
    assert door.service.figures().books.received == 0


def test_a_form_may_repeat_what_nobody_reads(door):
    got = door.post(
        b"productID=p&rating=5&tag=new&tag=blue", content_type="application/x-www-form-urlencoded"
    )
    assert (got.status, got.json["counted"]) == (200, 1)


def test_a_page_of_the_same_place_may_post(door):
    host = f"127.0.0.1:{door.port}"
    assert door.post(ONE, host=host, origin=f"http://{host}").status == 200


def test_other_methods_and_places(door):
    got = door.get("/ratings")
    assert (got.status, got.headers["allow"]) == (405, "POST")
    assert door.post(ONE, "/elsewhere").status == 404


def test_answers_on_a_kept_connection_wait_for_no_acknowledgement(door):
    connection, took = door.connect(), []
    for _ in range(30):
        began = time.perf_counter()
        asked(connection, "GET", "/healthz")
        took.append(time.perf_counter() - began)
    connection.close()
    assert sorted(took)[15] < 0.03  # a delayed acknowledgement takes 0.04


def test_an_expectation_is_answered_before_the_body_is_sent(door):
    body = json.dumps(ONE).encode()
    with socket.create_connection(("127.0.0.1", door.port), timeout=10) as client:
        head = f"POST /ratings HTTP/1.1\r\nHost: localhost\r\nContent-Length: {len(body)}\r\n"
        client.sendall(head.encode() + b"Expect: 100-continue\r\n\r\n")
        assert client.recv(100).startswith(b"HTTP/1.1 100")
        client.sendall(body)
        assert client.recv(1000).startswith(b"HTTP/1.1 200")


@pytest.mark.skipif(not shutil.which("curl"), reason="curl is not on this machine")
def test_curl_posts_by_the_line_of_the_docs(door):
    page = (Path(__file__).parents[2] / "docs" / "http.md").read_text(encoding="utf-8")
    (line,) = re.findall(r"^curl -d .*$", page, re.MULTILINE)
    command = shlex.split(line.replace("http://127.0.0.1:8321", door.url))
    done = subprocess.run([*command, "-sS"], capture_output=True, check=True, text=True)
    assert f"\n{done.stdout}\n" in page
    assert json.loads(done.stdout)["counted"] == 1


@pytest.mark.parametrize("path", ["/ratings/", "/healthz/"])
def test_a_path_with_a_slash_behind_is_another_one_and_redirects_nowhere(tmp_path, path):
    with served(tmp_path) as door:
        got = door.post([ONE], path)
        assert (got.status, "location" in got.headers) == (404, False)
        assert door.service.figures().books.received == 0
