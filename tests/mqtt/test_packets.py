"""Packets as they come in any pieces."""

import tracemalloc

import pytest
from hypothesis import given
from hypothesis import strategies as st

from starwatch.mqtt.packets import PINGRESP, PUBACK, SHOWN, Malformed, Packet, Reader, answers


def length(number):
    out = b""
    while True:
        number, low = divmod(number, 128)
        out += bytes([low | (128 if number else 0)])
        if not number:
            return out


def packet(first, body):
    return bytes([first]) + length(len(body)) + body


def published(topic, payload, *, mid=0, qos=0, flags=0, properties=None):  # noqa: PLR0913
    name = topic.encode()
    body = len(name).to_bytes(2) + name + (mid.to_bytes(2) if qos else b"")
    if properties is not None:
        body += length(len(properties)) + properties
    return packet(0x30 | qos << 1 | flags, body + payload)


messages = st.fixed_dictionaries(
    {
        "topic": st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=9),
        "payload": st.binary(max_size=300),
        "mid": st.integers(1, 65_535),
        "qos": st.integers(0, 2),
        "flags": st.sampled_from([0, 1, 8, 9]),
    }
)


@given(st.lists(messages, max_size=8), st.data(), st.booleans())
def test_packets_come_whole_however_the_bytes_are_cut(sent, data, five):
    properties = b"\x02\0\0\0\x09" if five else None
    stream = b"".join(
        published(**each, properties=properties) + packet(PINGRESP, b"") for each in sent
    )
    reader = Reader(1000)
    reader.protocol = 5 if five else 4
    got, at = [], 0
    while at < len(stream):
        step = data.draw(st.integers(1, 400))
        got += reader.feed(stream[at : at + step])
        at += step
    assert got[1::2] == [Packet(PINGRESP, b"")] * len(sent)
    for each, came in zip(sent, got[::2], strict=True):
        assert (came.topic, came.payload, came.qos) == (each["topic"], each["payload"], each["qos"])
        assert (came.dup, came.retain) == (each["flags"] >= 8, each["flags"] % 2 == 1)
        assert not came.large
        assert came.mid == (each["mid"] if each["qos"] else 0)


@pytest.mark.parametrize("size", [1001, 200_000, 3_000_000])
@pytest.mark.parametrize("step", [997, 1 << 18])
def test_of_a_large_message_the_head_is_kept_and_the_next_is_whole(size, step):
    payload = bytes(range(251)) * (size // 251 + 1)
    payload = payload[:size]
    stream = published("t", payload, mid=5, qos=1) * 2 + published("t", b"next", mid=6, qos=1)
    reader = Reader(1000)
    reader.protocol = 4
    got = []
    for at in range(0, len(stream), step):
        got += reader.feed(stream[at : at + step])
    assert [(each.mid, each.large) for each in got] == [(5, True), (5, True), (6, False)]
    assert got[0].payload == payload[:SHOWN]
    assert got[0].digest == got[1].digest != b""
    other = Reader(1000)
    other.protocol = 4
    (changed,) = other.feed(published("t", payload[:-1] + b"!", mid=5, qos=1))
    assert changed.digest != got[0].digest


def test_a_message_of_a_hundred_megabytes_takes_little_memory():
    reader = Reader(8 << 20)
    reader.protocol = 4
    head = published("t", b"", mid=5, qos=1)[2:]
    piece, pieces = b"x" * (1 << 18), 400
    tracemalloc.start()
    reader.feed(b"\x32" + length(len(head) + len(piece) * pieces) + head)
    got = []
    for _ in range(pieces):
        got += reader.feed(piece)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert [len(each.payload) for each in got] == [SHOWN]
    assert peak < 2 << 20


@pytest.mark.parametrize(
    "wrong",
    [
        b"\x30\xff\xff\xff\xff\x01",
        packet(0x30, b"\0\0x"),
        packet(0x30, b"\0\2\xff\xfe"),
        packet(0x32, b"\0\1t\0\0"),
        packet(0x36, b"\0\1t\0\1"),
        packet(0x30, b"\0\x20t"),
        packet(0x30, b""),
        b"\xd0" + length(5_000_000) + b"x",
    ],
)
def test_what_is_no_mqtt_is_refused(wrong):
    reader = Reader(1000)
    reader.protocol = 4
    with pytest.raises(Malformed):
        reader.feed(wrong)


@given(st.binary(max_size=200), st.sampled_from([4, 5]))
def test_any_bytes_are_packets_or_malformed(data, protocol):
    reader = Reader(50)
    reader.protocol = protocol
    try:
        reader.feed(data)
    except Malformed:
        return


def test_answers_are_in_order():
    assert answers(PUBACK, [1, 0x203]) == b"\x40\2\0\1\x40\2\2\3"
