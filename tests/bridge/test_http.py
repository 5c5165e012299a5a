"""A bridge from HTTP to HTTP: what is answered when, and what is refused and kept."""

import gzip
import json
import threading

import pytest

from bridge.serving import Receiver, listening
from commands import soon
from servers.ports import HOST, free_port
from starwatch.bridge import http_intake
from starwatch.bridge.http_intake import http_place
from starwatch.errors import BadSetting

RATING = b'{"reviewerID":"A1","productID":"0000143502","rating":5,"timestamp":1500000000}'


def kept(running):
    return [json.loads(line) for line in running.refused.read_text().splitlines()]


def test_bytes_arrive_as_they_were_posted(tmp_path):
    with (
        Receiver() as receiver,
        listening(tmp_path, receiver.url) as (post, running),
    ):
        assert post(b"\x00 no json \xff") == (200, '{"delivered":true}')
        assert post(gzip.compress(b"packed"), Content_Encoding="gzip")[0] == 200
        assert post(b"")[0] == 200
    assert receiver.bodies == [b"\x00 no json \xff", b"packed", b""]
    assert len({head["Idempotency-Key"] for head in receiver.heads}) == 3
    assert not running.refused.exists()
    assert running.books.line() == "taken 3, delivered 3, refused 0, in hand 0; redelivered 0"


def test_json_arrives_as_csv_and_what_is_none_is_refused_and_kept(tmp_path):
    with (
        Receiver() as receiver,
        listening(tmp_path, receiver.url, "csv") as (post, running),
    ):
        assert post(RATING)[0] == 200
        assert post(b'{"reviewerID":') == (
            422,
            '{"error":"no JSON: expecting value at character 14"}',
        )
        assert post(b"\xff")[0] == 422
        first, second = kept(running)
        assert post(RATING)[0] == 200
    assert receiver.bodies == [b"1500000000,A1,,5,0000143502\n"] * 2
    assert receiver.heads[0]["Content-Type"] == "text/csv; charset=utf-8"
    assert (first["raw"], first["from"]) == ('{"reviewerID":', "/out")
    assert first["reason"] == "no JSON: expecting value at character 14"
    assert second["raw_base64"] == "/w=="
    assert running.books.line() == "taken 4, delivered 2, refused 2, in hand 0; redelivered 0"


def test_a_receiver_that_cannot_now_is_tried_again_with_the_same_key(tmp_path):
    with (
        Receiver(answers=[503, 302]) as receiver,
        listening(tmp_path, receiver.url) as (post, _),
    ):
        assert post(b"a")[0] == 200
    assert receiver.bodies == [b"a"]
    assert len(receiver.heads) == 3
    assert len({head["Idempotency-Key"] for head in receiver.heads}) == 1


@pytest.mark.parametrize("status", [400, 413, 422])
def test_a_body_that_the_receiver_refuses_is_kept_and_holds_up_no_other(tmp_path, status):
    with (
        Receiver(answers=[status]) as receiver,
        listening(tmp_path, receiver.url) as (post, running),
    ):
        code, said = post(b"bad")
        assert code == 422
        assert f"answers {status}" in said
        assert [each["raw"] for each in kept(running)] == ["bad"]
        assert post(b"good")[0] == 200
    assert receiver.bodies == [b"good"]


def test_a_receiver_that_is_away_gets_it_when_it_comes(tmp_path):
    port = free_port()
    to = f"http://{HOST}:{port}/in"
    with listening(tmp_path, to, options="#timeout=0.2") as (post, running):
        code, said = post(b"a")
        assert code == 503
        assert "post it again" in said
        with Receiver(port) as receiver:
            soon(lambda: receiver.bodies == [b"a"], seconds=60)
            soon(lambda: not running.books.in_hand)


def test_the_end_answers_those_who_wait(tmp_path, monkeypatch):
    monkeypatch.setattr(http_intake, "_LAST_SECONDS", 0.3)
    answers = []
    with listening(tmp_path, f"http://{HOST}:{free_port()}/in") as (post, running):
        waiting = threading.Thread(target=lambda: answers.append(post(b"a")))
        waiting.start()
        soon(lambda: running.books.taken)
        running.end()
        waiting.join(20)
    assert answers == [(503, '{"error":"the bridge stops; post it again"}')]
    assert running.books.in_hand == 1
    assert running.seconds < 15


def test_what_is_no_message_is_refused(tmp_path):
    with (
        Receiver() as receiver,
        listening(tmp_path, receiver.url, options="#max_message=10") as (post, running),
    ):
        where = post.__kwdefaults__["at"]
        assert post(b"a", at=where + "/elsewhere")[0] == 404
        assert post(None, method="GET")[0] == 405
        assert post(b"a", Origin="https://evil.example")[0] == 403
        assert post(b"a" * 11)[0] == 413
        assert post(gzip.compress(b"a" * 11), Content_Encoding="gzip")[0] == 413
        assert post(b"a", Content_Encoding="br")[0] == 415
    assert receiver.bodies == []
    assert running.books.taken == 0


def test_a_token_is_asked_for_and_shown(tmp_path):
    with Receiver() as receiver:
        to = receiver.url.replace("http://", "http://theirs@")
        with listening(tmp_path, to, token="ours") as (post, _):
            assert post(b"a")[0] == 401
            assert post(b"b", Authorization="Bearer ours")[0] == 200
    assert receiver.bodies == [b"b"]
    assert receiver.heads[0]["Authorization"] == "Bearer theirs"


@pytest.mark.parametrize(
    "url",
    [
        "http://0.0.0.0:8080/in",
        "https://127.0.0.1:8080/in",
        "http://127.0.0.1/in",
        "http:///in",
        "http://127.0.0.1:99999/in",
        "http://secret@127.0.0.1:8080/healthz",
        "http://127.0.0.1:8080/in#nothing=1",
        "http://127.0.0.1:8080/in#max_message=99999999999",
    ],
)
def test_where_one_cannot_listen(url):
    with pytest.raises(BadSetting) as told:
        http_place(url)
    assert told.value.message


def test_beyond_loopback_with_a_token():
    assert http_place("http://secret@0.0.0.0:8080/in").token == "secret"
    assert "secret" not in repr(http_place("http://secret@0.0.0.0:8080/in"))
