"""A post with an Idempotency-Key counts once: at once, later, over restarts and kills."""

import json
import os
import signal
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from http.client import HTTPConnection, HTTPException, RemoteDisconnected
from pathlib import Path
from threading import Lock

import pytest

from http_door.served import ONE, asked, served
from starwatch.journal.store import Journal
from starwatch.service.doors import LiveDoor
from starwatch.sources.http_door import source
from starwatch.sources.http_door.answers import Answer
from starwatch.sources.http_door.kept import KeptAnswers, digest, record
from starwatch.sources.http_door.limits import DoorLimits

HERE = Path(__file__).parent
BODY = [ONE, ONE | {"rating": 9}, ONE]


def notes(folder):
    with closing(Journal(folder / "state" / "starwatch.db", reading=True)) as journal:
        return journal.notes("http")


def test_a_post_again_is_answered_as_before_and_counted_outside_the_books(tmp_path):
    with served(tmp_path) as door:
        first = door.post(BODY, idempotency_key="a")
        again = door.post(BODY, idempotency_key="a")
        figures = door.service.figures()
    assert first.counts == (3, 2, 0, 0, 1)
    assert again.body == first.body
    assert "idempotency-replayed" not in first.headers
    assert again.headers["idempotency-replayed"] == "true"
    assert figures.books.received == 3
    assert figures.sources[0].redelivered == 3


def test_another_body_with_the_key_is_refused(tmp_path):
    with served(tmp_path) as door:
        door.post(BODY, idempotency_key="a")
        got = door.post([ONE], idempotency_key="a")
        assert (got.status, door.service.figures().books.received) == (422, 3)
        assert door.post(BODY, idempotency_key="b").status == 200


def test_the_same_body_with_the_key_to_another_path_is_refused_and_told_so(tmp_path):
    with served(tmp_path, paths=("/ratings", "/kiosk")) as door:
        door.post(BODY, idempotency_key="a")
        got = door.post(BODY, "/kiosk", idempotency_key="a")
        assert (got.status, door.service.figures().books.received) == (422, 3)
    assert "another body, or to another path," in got.json["error"]


def test_two_keys_are_refused_and_nothing_is_counted(tmp_path):
    with served(tmp_path) as door:
        connection = door.connect()
        connection.putrequest("POST", "/ratings")
        for name, value in (("Content-Length", "2"), *[("Idempotency-Key", key) for key in "ab"]):
            connection.putheader(name, value)
        connection.endheaders(b"[]")
        answer = connection.getresponse()
        assert (answer.status, json.load(answer)) == (
            400,
            {"error": "a post has one Idempotency-Key"},
        )
        connection.close()
        assert door.service.figures().books.received == 0


def test_a_post_of_which_nothing_could_be_read_may_be_mended_under_its_key(tmp_path):
    with served(tmp_path) as door:
        assert door.post(b"[1,", idempotency_key="a").status == 400
        assert door.post(BODY, idempotency_key="a").status == 200


def test_all_rejected_is_an_answer_too(tmp_path):
    with served(tmp_path) as door:
        bad = [ONE | {"rating": 9}]
        got = [door.post(bad, idempotency_key="a") for _ in range(2)]
        assert [each.status for each in got] == [400, 400]
        assert got[0].body == got[1].body
        assert door.service.figures().books.received == 1


def test_posts_of_one_key_at_one_time_wait_for_the_one_that_counts(tmp_path):
    with served(tmp_path) as door, ThreadPoolExecutor(12) as pool:
        for each in range(5):
            # The lock of the engine is held, so that all of them are there before the commit.
            with door.service.operating.lock:
                asks = [pool.submit(door.post, BODY, idempotency_key=str(each)) for _ in range(12)]
                time.sleep(0.2)
            got = [ask.result() for ask in asks]
            assert {one.status for one in got} == {200}
            assert len({one.body for one in got}) == 1
            assert sum("idempotency-replayed" in one.headers for one in got) == 11
        assert door.service.figures().books.received == 15


def test_a_large_body_that_is_split_in_a_thread_is_taken_once_too(tmp_path):
    large = [ONE | {"text": "x" * 1000}] * 200
    with served(tmp_path) as door, ThreadPoolExecutor(8) as pool:
        got = list(pool.map(lambda _: door.post(large, idempotency_key="k"), range(8)))
        assert {one.counts for one in got} == {(200, 200, 0, 0, 0)}
        assert door.service.figures().books.received == 200


def test_answers_are_kept_over_a_restart(tmp_path):
    with served(tmp_path) as door:
        first = door.post(BODY, idempotency_key="a")
    with served(tmp_path) as door:
        again = door.post(BODY, idempotency_key="a")
        other = door.post([ONE], idempotency_key="a")
        received = door.service.figures().books.received
    assert (again.body, other.status, received) == (first.body, 422, 3)


def test_an_answer_is_forgotten_when_it_is_too_old(tmp_path):
    hardly = DoorLimits(key_hours=0.2 / 3600)
    with served(tmp_path, limits=hardly) as door:
        door.post(BODY, idempotency_key="a")
        time.sleep(0.5)
        door.post([ONE])
        assert door.post([ONE], idempotency_key="a").status == 200
        door.post([ONE])
    assert set(notes(tmp_path)) <= {"key:a"}


def test_of_too_many_answers_the_oldest_go(tmp_path, monkeypatch):
    monkeypatch.setattr(source, "_FORGET_SECONDS", 0.0)
    with served(tmp_path, limits=DoorLimits(keys=3)) as door:
        for key in "abcdef":
            door.post(BODY, idempotency_key=key)
            time.sleep(0.01)
        door.post([ONE])
        assert len(door.source.kept) == 3
        assert door.post(BODY, idempotency_key="f").headers["idempotency-replayed"] == "true"
        assert "idempotency-replayed" not in door.post(BODY, idempotency_key="a").headers
        door.post([ONE])
    assert {"key:b", "key:c"}.isdisjoint(notes(tmp_path))


def test_the_state_forgets_from_time_to_time_alone(tmp_path, monkeypatch):
    told = []
    monkeypatch.setattr(LiveDoor, "forget", lambda _, before_ms: told.append(before_ms))
    with served(tmp_path, limits=DoorLimits(keys=2)) as door:
        for key in "abcdefgh":
            door.post(BODY, idempotency_key=key)
            time.sleep(0.005)
        assert len(door.source.kept) == 2
    assert len(told) == 1


def test_kept_answers_by_themselves():
    kept = KeptAnswers(DoorLimits(keys=2, key_hours=1))
    kept.load(
        {
            "b": (record(b"d" * 16, Answer(200, b"{}", 3)), 20),
            "a": (record(b"c" * 16, Answer(400, b"[]", 1)), 10),
        }
    )
    assert kept.find("b").answer == Answer(200, b"{}", 3)
    assert kept.find("a").digest == b"c" * 16
    assert kept.find("") is None
    assert kept.let_go(30) is None
    kept.end("c", record(b"e" * 16, Answer(200, b"{}", 1)), 30)
    assert kept.let_go(30) == 11
    assert kept.find("a") is None
    assert kept.let_go(3_600_026) == 21
    assert (len(kept), kept.oldest_ms()) == (1, 30)
    assert digest("/a", b"") != digest("/", b"a")


def child(folder, failpoint=""):
    """A service in a process of its own, and its port."""
    environment = os.environ | {"PYTHONPATH": str(HERE.parent)}
    if failpoint:
        environment["STARWATCH_FAILPOINT"] = failpoint
    process = subprocess.Popen(
        [sys.executable, HERE / "serving.py", folder],
        stdout=subprocess.PIPE,
        env=environment,
        text=True,
    )
    return process, int(process.stdout.readline())


@pytest.mark.skipif(sys.platform == "win32", reason="no SIGKILL there")
@pytest.mark.parametrize(
    ("failpoint", "known"),
    [("commit.before:3", 0), ("commit.inside:3", 0), ("commit.after:3", 3), ("http.committed", 3)],
)
def test_a_kill_between_commit_and_answer_counts_once(tmp_path, failpoint, known):
    process, port = child(tmp_path, failpoint)
    connection = HTTPConnection("127.0.0.1", port, timeout=20)
    posted = []
    with pytest.raises((RemoteDisconnected, ConnectionError)):  # noqa: PT012
        for key in "abcdef":
            posted.append(key)
            got = asked(connection, "POST", "/ratings", json.dumps(BODY), idempotency_key=key)
            assert got.counts == (3, 2, 0, 0, 1)
    assert process.wait(20) == -signal.SIGKILL
    process.stdout.close()
    with served(tmp_path) as door:
        before = door.service.figures().books.received
        got = [door.post(BODY, idempotency_key=key) for key in posted]
        books = door.service.figures().books
    assert before == 3 * (len(posted) - 1) + known
    assert ["idempotency-replayed" in each.headers for each in got] == [
        *[True] * (len(posted) - 1),
        bool(known),
    ]
    assert {each.counts for each in got} == {(3, 2, 0, 0, 1)}
    assert (books.received, books.balanced) == (3 * len(posted), True)


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="no SIGKILL there")
def test_kills_at_any_moment_lose_nothing_and_count_nothing_twice(tmp_path):
    """Four clients post 40 batches each and post again what was not answered; six kills."""
    lock, port, done = Lock(), [0], []

    def client(number):
        for batch in range(40):
            while True:
                with lock:
                    at = port[0]
                connection = HTTPConnection("127.0.0.1", at, timeout=20)
                try:
                    got = asked(
                        connection,
                        *("POST", "/ratings", json.dumps(BODY * 20)),
                        idempotency_key=f"{number}-{batch}",
                    )
                except (HTTPException, OSError):  # killed before or in the middle of its answer
                    time.sleep(0.02)
                    continue
                finally:
                    connection.close()
                if got.status == 200:
                    done.append(got.counts)
                    break
                time.sleep(0.02)

    process, port[0] = child(tmp_path)
    with ThreadPoolExecutor(4) as pool:
        clients = [pool.submit(client, number) for number in range(4)]
        for kill in range(6):
            aim = 20 * (kill + 1)
            while len(done) < aim and not all(each.done() for each in clients):
                time.sleep(0.005)
            process.kill()
            process.wait()
            process.stdout.close()
            process, at = child(tmp_path)
            with lock:
                port[0] = at
        for each in clients:
            each.result()
    process.terminate()
    process.wait(20)
    process.stdout.close()
    with served(tmp_path) as door:
        books = door.service.figures().books
    assert done == [(60, 40, 0, 0, 20)] * 160
    assert (books.received, books.counted, books.rejected) == (160 * 60, 160 * 40, 160 * 20)
    assert books.balanced
