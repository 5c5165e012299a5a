"""Ratings by MQTT through a real Mosquitto: every way to send them, and what becomes of them."""

import gzip
import json
import ssl
import time

import pytest

from commands import starwatch
from mqtt.serving import publish, publisher, rating, serving, subscribed
from servers.mosquitto import Mosquitto
from servers.ports import HOST, free_port
from service.serving import soon


@pytest.fixture
def port(mosquitto):
    return mosquitto.kind.port


def counted(service):
    return service.engine.engine.books().counted


@pytest.mark.parametrize("protocol", ["3.1.1", "5"])
@pytest.mark.parametrize("qos", [0, 1, 2])
def test_every_quality_of_service_counts_each_rating_once(tmp_path, port, qos, protocol):
    url = f"mqtt://{HOST}:{port}/ratings?qos={qos}&protocol={protocol}"
    with serving(tmp_path, url) as service:
        soon(lambda: subscribed(service))
        publish(port, *(rating(stars=1 + n % 5) for n in range(500)), qos=qos)
        soon(lambda: counted(service) == 500)
        publish(port, b"no rating", qos=qos)
        soon(lambda: service.engine.engine.books().rejected == 1)
        books = service.engine.engine.books()
    assert (books.received, books.counted, books.duplicate) == (501, 500, 0)
    assert books.balanced
    assert service.sources[0].door.redeliveries == 0


def test_one_an_array_or_lines_plain_or_packed(tmp_path, port):
    five = [rating(f"p{n}") for n in range(5)]
    with serving(tmp_path, f"mqtt://{HOST}:{port}/ratings") as service:
        soon(lambda: subscribed(service))
        publish(port, b"[" + b",".join(five) + b"]")
        publish(port, b"\n".join(five) + b"\n")
        publish(port, gzip.compress(b"\r\n".join(five)))
        publish(port, json.dumps(json.loads(five[0]), indent=2).encode())
        publish(port, b"[]")
        soon(lambda: counted(service) == 16)
        publish(port, b"[" + five[0], b"", b"\x1f\x8bno gzip", b"\xff", b"[1, 2]")
        soon(lambda: service.engine.engine.books().received == 22)
        assert counted(service) == 16


def test_each_topic_under_a_wildcard_is_a_partition_and_holds_its_own_place(tmp_path, port):
    url, out = f"mqtt://{HOST}:{port}/shops/+/ratings", tmp_path / "w.jsonl"
    with serving(tmp_path, url, outputs=[f"jsonl:{out}"]) as service:
        soon(lambda: subscribed(service))
        for topic in ("shops/a/ratings", "shops/b/ratings", "shops/c/other"):
            publish(port, b"bad", *(rating(topic) for _ in range(3)), topic=topic)
        soon(lambda: counted(service) == 6)
        assert sorted(service.sources[0].door.partitions()) == [
            "shops/a/ratings",
            "shops/b/ratings",
        ]
        # Both fall quiet, so the windows of both close without another rating.
        soon(lambda: out.exists() and len(out.read_text().splitlines()) == 4)
    with serving(tmp_path, url) as service:
        soon(lambda: subscribed(service))
        publish(port, b"bad again", topic="shops/b/ratings")
        soon(lambda: service.engine.engine.books().rejected == 3)
    said = starwatch("rejects", "--state", tmp_path / "state")
    rejects = [json.loads(line) for line in said.out.splitlines()]
    assert [(each["file"].rpartition(" ")[2], each["row"]) for each in rejects] == [
        ("shops/a/ratings", 0),
        ("shops/b/ratings", 0),
        ("shops/b/ratings", 4),
    ]


def test_a_busy_topic_does_not_hold_up_the_windows_of_a_silent_one(tmp_path, port):
    out = tmp_path / "w.jsonl"
    with serving(tmp_path, f"mqtt://{HOST}:{port}/t/#", outputs=[f"jsonl:{out}"]) as service:
        soon(lambda: subscribed(service))
        publish(port, rating("silent"), topic="t/silent")
        with publisher(port) as client:

            def closed():
                client.publish("t/busy", rating("busy"), 1)
                time.sleep(0.02)
                return out.exists() and '"silent"' in out.read_text()

            soon(closed)


def test_topics_beyond_the_limit_share_one_partition(tmp_path, port):
    with serving(tmp_path, f"mqtt://{HOST}:{port}/t/#?max_topics=2") as service:
        soon(lambda: subscribed(service))
        for number in range(5):
            publish(port, rating(), topic=f"t/{number}")
        soon(lambda: counted(service) == 5)
        assert sorted(service.sources[0].door.partitions()) == ["#", "t/0", "t/1"]


def test_several_topics_and_a_shared_subscription(tmp_path, port):
    url = f"mqtt://{HOST}:{port}/a?topic=b/%23&topic=$share/group/c"
    with serving(tmp_path / "1", url) as one, serving(tmp_path / "2", url) as two:
        soon(lambda: subscribed(one) and subscribed(two))
        publish(port, rating(), topic="a")
        publish(port, rating(), topic="b/x")
        soon(lambda: counted(one) == counted(two) == 2)
        publish(port, *(rating() for _ in range(100)), topic="c")
        soon(lambda: counted(one) + counted(two) == 104)
        assert counted(one) > 2
        assert counted(two) > 2
        assert {"a", "c"} <= set(one.sources[0].door.partitions())


@pytest.mark.parametrize("protocol", ["3.1.1", "5"])
def test_what_comes_while_the_service_is_away_waits_at_the_broker(tmp_path, port, protocol):
    url = f"mqtt://{HOST}:{port}/ratings?protocol={protocol}"
    with serving(tmp_path, url) as service:
        soon(lambda: subscribed(service))
        publish(port, rating())
        soon(lambda: counted(service) == 1)
    publish(port, *(rating() for _ in range(200)))
    with serving(tmp_path, url) as service:
        soon(lambda: counted(service) == 201)
        assert service.sources[0].door.redeliveries == 0


@pytest.mark.parametrize("protocol", ["3.1.1", "5"])
def test_a_retained_message_is_taken_when_it_is_published_and_never_again(tmp_path, port, protocol):
    url = f"mqtt://{HOST}:{port}/ratings?protocol={protocol}"
    publish(port, rating("before"), retain=True)
    for run in (1, 2):
        with serving(tmp_path, url) as service:
            soon(lambda: subscribed(service))
            if run == 1:
                publish(port, rating("live"), retain=True)
            publish(port, rating("end"))
            soon(lambda expected=1 + run: counted(service) == expected)


def test_a_message_that_is_too_large_is_rejected_by_its_first_bytes(tmp_path, port):
    large = rating()[:-1] + b', "text": "' + b"x" * 3_000_000 + b'"}'
    packed = gzip.compress(b"[" + b",".join([rating()] * 100_000) + b"]")
    with serving(tmp_path, f"mqtt://{HOST}:{port}/ratings?max_message=1000000") as service:
        soon(lambda: subscribed(service))
        publish(port, rating(), large, large[:900_000] + b'"}', packed, b"1" + b" " * 1_100_000)
        soon(lambda: service.engine.engine.books().received == 5)
        assert counted(service) == 2
    said = starwatch("rejects", "--state", tmp_path / "state")
    rejects = [json.loads(line) for line in said.out.splitlines()]
    assert {each["reason"] for each in rejects} == {"unreadable"}
    assert rejects[0]["raw"] == large[:4096].decode()


def test_passwords_are_used_and_shown_nowhere(tmp_path, servers, monkeypatch, caplog):
    broker = servers.start(Mosquitto(port=free_port(), users={"edge": "se/cret@"}))
    place = f"{HOST}:{broker.kind.port}"
    secret = tmp_path / "secret"
    secret.write_text("se/cret@\n")
    good = [
        (f"mqtt://edge:se%2Fcret%40@{place}/r", {}),
        (f"mqtt://{place}/r", {"user": "edge", "password": "se/cret@"}),
        (f"mqtt://edge@{place}/r", {"password_file": str(secret)}),
    ]
    for number, (url, options) in enumerate(good):
        with serving(tmp_path / str(number), url, **options) as service:
            soon(lambda s=service: subscribed(s))
            assert service.sources[0].source.name == f"mqtt://{place}/r"
    monkeypatch.setenv("MQTT_USER", "edge")
    monkeypatch.setenv("MQTT_PASSWORD", "se/cret@")
    with serving(tmp_path / "env", f"mqtt://{place}/r") as service:
        soon(lambda: subscribed(service))
    for protocol in ("3.1.1", "5"):
        caplog.clear()
        url = f"mqtt://edge:wr0ng@{place}/r?protocol={protocol}"
        with serving(tmp_path / f"wrong {protocol}", url) as service:
            soon(lambda s=service: s.sources[0].health.failures >= 2)
            assert "the user or the password is wrong" in service.sources[0].health.error
        (line,) = [r.getMessage() for r in caplog.records if "wrong" in r.getMessage()]
        assert "wr0ng" not in line


def test_tls_by_an_authority_of_ones_own(tmp_path, servers, certificates):
    kind = Mosquitto(
        port=free_port(), certificate=certificates.server, client_ca=certificates.authority
    )
    port = servers.start(kind).kind.port
    url = f"mqtts://{HOST}:{port}/ratings"
    mine = {"ca_file": str(certificates.authority), "certificate": str(certificates.client)}
    context = ssl.create_default_context(cafile=certificates.authority)
    context.load_cert_chain(certificates.client)
    with serving(tmp_path / "known", url, **mine) as service:
        soon(lambda: subscribed(service))
        publish(port, *(rating(text="x" * 1000) for _ in range(500)), tls=context)
        soon(lambda: counted(service) == 500)
    wrong = mine | {"ca_file": str(certificates.stranger)}
    with serving(tmp_path / "stranger", url, **wrong) as service:
        soon(lambda: service.sources[0].health.failures >= 1)
        assert "cannot be trusted" in service.sources[0].health.error


def test_a_session_that_another_client_takes_over_is_named(tmp_path, port):
    url = f"mqtt://{HOST}:{port}/ratings?client_id=same"
    with serving(tmp_path / "1", url) as one:
        soon(lambda: subscribed(one))
        with serving(tmp_path / "2", url) as two:
            soon(lambda: subscribed(two))
            soon(lambda: "client with the id 'same'" in one.sources[0].health.error)


def test_a_slow_service_holds_the_broker_back(tmp_path, port, proxy_to, monkeypatch):
    proxy = proxy_to(port)
    with serving(tmp_path, f"mqtt://{HOST}:{proxy.port}/ratings?in_flight=65535") as service:
        soon(lambda: subscribed(service))
        monkeypatch.setattr(service.inbox, "_most_ratings", 50)
        with service.operating.lock:  # the engine stands still
            publish(port, *(rating(text="x" * 50_000) for _ in range(1000)))
            time.sleep(0.3)
            assert service.inbox.ratings <= 50
            assert proxy.forwarded["to_client"] < 25_000_000  # of 50 MB; the rest lies in sockets
        soon(lambda: counted(service) == 1000)


def test_windows_wait_while_a_slow_service_is_behind(tmp_path, port, monkeypatch):
    with serving(tmp_path, f"mqtt://{HOST}:{port}/ratings") as service:
        soon(lambda: subscribed(service))
        door, levels = service.sources[0].door, []

        def told(number, *, value):
            levels.append(value)
            type(door).caught_up(door, number, value=value)

        monkeypatch.setattr(door, "caught_up", told)
        publish(port, rating())
        soon(lambda: levels[-1:] == [True])
        monkeypatch.setattr(service.inbox, "_most_ratings", 1)
        with service.operating.lock:
            for _ in range(3):  # one that the engine has, one in the queue, one that finds it full
                publish(port, *(rating() for _ in range(10)))
                time.sleep(0.1)
            soon(lambda: levels[-1] is False)
        soon(lambda: counted(service) == 31)
        soon(lambda: levels[-1] is True)
