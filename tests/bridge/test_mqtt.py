"""A bridge from a real broker: what is acknowledged when, and what comes again."""

import pytest

from bridge.serving import Receiver, bridged
from commands import soon
from live.mqtt import flood
from mqtt.serving import publish, publisher, rating
from servers.ports import HOST, free_port
from starwatch.bridge import mqtt_intake
from starwatch.bridge.mqtt_intake import mqtt_address
from starwatch.errors import BadSetting

PATIENCE = 60


@pytest.fixture
def broker(mosquitto):
    return mosquitto.kind.port


def topic(port, options=""):
    return f"mqtt://{HOST}:{port}/ratings{options}"


def delivered(running, number):
    soon(lambda: running.books.delivered >= number, seconds=PATIENCE)


def _arrives(port, running):
    publish(port, b"probe")
    return running.books.delivered


def messages(receiver):
    """What arrived, but for probes, of which some may still have been on their way."""
    return [body for body in receiver.bodies if body != b"probe"]


@pytest.mark.parametrize("options", ["", "?protocol=3.1.1", "?qos=2", "?qos=0"])
def test_messages_arrive_in_their_order(tmp_path, broker, options):
    with (
        Receiver() as receiver,
        bridged(tmp_path, topic(broker, options), receiver.url) as running,
    ):
        soon(lambda: _arrives(broker, running), seconds=PATIENCE)
        publish(broker, *[b"%d" % number for number in range(100)], qos=2)
        soon(lambda: b"99" in receiver.bodies, seconds=PATIENCE)
    assert messages(receiver) == [b"%d" % number for number in range(100)]


def test_what_comes_while_the_bridge_is_away_is_taken_when_it_is_back(tmp_path, broker):
    port = free_port()
    to = f"http://{HOST}:{port}/in"
    with Receiver(port) as receiver, bridged(tmp_path, topic(broker), to) as running:
        soon(lambda: _arrives(broker, running), seconds=PATIENCE)
    flood(broker, [b"%d" % number for number in range(200)])
    with Receiver(port) as receiver, bridged(tmp_path, topic(broker), to):
        soon(lambda: b"199" in receiver.bodies, seconds=PATIENCE)
    assert messages(receiver) == [b"%d" % number for number in range(200)]


def test_what_is_in_hand_at_the_end_is_not_acknowledged_and_comes_again(
    tmp_path, broker, monkeypatch
):
    monkeypatch.setattr(mqtt_intake, "_LAST_SECONDS", 0.3)
    port = free_port()
    to = f"http://{HOST}:{port}/in"
    with Receiver(port), bridged(tmp_path, topic(broker), to) as running:
        soon(lambda: _arrives(broker, running), seconds=PATIENCE)
    with bridged(tmp_path, topic(broker), to) as running:
        flood(broker, [b"%d" % number for number in range(1500)])
        soon(lambda: running.books.taken >= 1000, seconds=PATIENCE)
        running.end()
        assert running.seconds < 10
    assert running.books.delivered == running.books.refused == 0
    assert running.books.taken < 1500  # the broker was held back
    with Receiver(port) as receiver, bridged(tmp_path, topic(broker), to) as running:
        wanted = {b"%d" % number for number in range(1500)}
        soon(lambda: set(receiver.bodies) >= wanted, seconds=PATIENCE)
        assert running.books.redelivered
    assert len(messages(receiver)) == 1500


def test_garbage_is_kept_acknowledged_and_in_nobodys_way(tmp_path, broker):
    with (
        Receiver() as receiver,
        bridged(tmp_path, topic(broker), receiver.url, "csv") as running,
    ):
        soon(lambda: _refused(broker, running), seconds=PATIENCE)
        publish(broker, b"garbage", rating("0007"), b"{", rating("0008"))
        delivered(running, 2)
        soon(lambda: not running.books.in_hand, seconds=PATIENCE)
    assert receiver.bodies == [b",A1,a,5,0007\n", b",A1,a,5,0008\n"]
    lines = running.refused.read_text()
    assert '"from":"ratings"' in lines
    assert lines.count('"raw":"garbage"') == lines.count('"raw":"{"') == 1


def _refused(port, running):
    publish(port, b"probe")
    return running.books.refused


def test_a_message_that_is_too_large_is_refused_and_its_beginning_kept(tmp_path, broker):
    source = topic(broker, "?max_message=10000")
    with Receiver() as receiver, bridged(tmp_path, source, receiver.url) as running:
        soon(lambda: _arrives(broker, running), seconds=PATIENCE)
        publish(broker, b"a" * 10_001, b"b" * 10_000)
        soon(lambda: running.books.refused == 1, seconds=PATIENCE)
        soon(lambda: b"b" * 10_000 in receiver.bodies, seconds=PATIENCE)
    assert "over 10,000 bytes" in running.refused.read_text()


@pytest.mark.parametrize("options", ["", "?protocol=3.1.1", "?protocol=3.1.1&qos=0"])
def test_a_kept_message_is_answered_and_not_taken_when_one_subscribes(tmp_path, broker, options):
    port, bodies = free_port(), set()
    to, source = f"http://{HOST}:{port}/in", topic(broker, options)
    publish(broker, b"old", retain=True)
    for _ in range(2):
        with Receiver(port) as receiver, bridged(tmp_path, source, to) as running:
            soon(lambda running=running: _arrives(broker, running), seconds=PATIENCE)
        bodies.update(receiver.bodies)
    assert bodies == {b"probe"}
    assert running.books.redelivered == 0


def test_at_qos_0_too_no_more_is_read_than_can_be_held(tmp_path, broker, monkeypatch):
    monkeypatch.setattr(mqtt_intake, "_LAST_SECONDS", 0.3)
    source = topic(broker, "?qos=0")
    port = free_port()
    to = f"http://{HOST}:{port}/in"
    with bridged(tmp_path, source, to) as running:
        soon(lambda: publish(broker, b"probe") or running.books.taken, seconds=PATIENCE)
        for _ in range(3):
            flood(broker, [b"a" * 1000] * 1000)
        soon(lambda: running.books.taken >= 1000, seconds=PATIENCE)
        flood(broker, [b"a" * 1000] * 2000)
        assert running.books.taken < 1500  # of one reading there may be some more
        running.end()


def test_a_broker_that_is_away_is_waited_for(tmp_path, mosquitto):
    mosquitto.kill()
    port = mosquitto.kind.port
    with Receiver() as receiver, bridged(tmp_path, topic(port), receiver.url) as running:
        mosquitto.start()
        soon(lambda: _arrives(port, running), seconds=PATIENCE)
        mosquitto.kill()
        mosquitto.start()
        before = running.books.delivered
        with publisher(port) as client:
            soon(
                lambda: client.publish("ratings", b"x") and running.books.delivered > before,
                seconds=PATIENCE,
            )


def test_the_session_is_that_of_the_way_unless_it_is_named():
    one, again = (mqtt_address(topic(1883), "kafka://k/t")[1].client_id for _ in range(2))
    assert one == again
    assert one.startswith("starwatch-bridge-")
    assert mqtt_address(topic(1883), "kafka://k/u")[1].client_id != one
    assert mqtt_address(topic(1883, "?client_id=mine"), "kafka://k/t")[1].client_id == "mine"


@pytest.mark.parametrize("url", ["mqtt://h", "mqtt://h/t?nothing=1", "mqtt://h/t?qos=3"])
def test_an_address_that_cannot_be(url):
    with pytest.raises(BadSetting):
        mqtt_address(url, "kafka://k/t")
