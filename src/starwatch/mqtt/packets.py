"""Packets of MQTT 3.1.1 and 5, as far as one who receives needs them.

Sources: OASIS, "MQTT Version 3.1.1" (2014) and "MQTT Version 5.0" (2019); sections in brackets.
"""

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

CONNACK, PUBLISH, PUBREL, SUBACK, PINGRESP, DISCONNECT = 0x20, 0x30, 0x60, 0x90, 0xD0, 0xE0
PUBACK, PUBREC, PUBCOMP = 0x40, 0x50, 0x70
PING = b"\xc0\x00"
BYE = b"\xe0\x00"
"""DISCONNECT; in MQTT 5 without a reason and without properties: the session is kept."""

V311, V5 = 4, 5
SHOWN = 4096
"""Bytes kept of the payload of a message that is too large."""

_HEAD = 1 << 17
"""Bytes of a packet that hold its topic, any sane properties and `SHOWN` bytes of payload."""

_PROPERTY_SESSION_EXPIRY, _PROPERTY_RECEIVE_MAXIMUM = 0x11, 0x21
_NO_RETAINED = 0x20
"""Subscription option "Retain Handling 2" (5.0 [3.8.3.1]): send no retained messages."""


class Malformed(Exception):
    """Bytes that are no MQTT."""


@dataclass(slots=True)
class Published:
    """A PUBLISH that came.

    Attributes:
        topic: Its topic.
        mid: Packet id; 0 at QoS 0.
        qos: 0, 1 or 2.
        dup: Whether it may have been sent before.
        retain: Whether it is a kept one, sent because somebody subscribed.
        payload: The bytes; of a message that is too large the first 4 KiB.
        digest: What its packet, from the payload on, is told by; empty at QoS 0.
        large: Whether it is too large.
    """

    topic: str
    mid: int
    qos: int
    dup: bool
    retain: bool
    payload: bytes
    digest: bytes = b""
    large: bool = False


@dataclass(slots=True)
class Packet:
    """Any other packet: its kind (the upper half of the first byte) and what follows the length."""

    kind: int
    body: bytes


@dataclass(frozen=True, slots=True)
class Hello:
    """What a CONNECT says.

    Attributes:
        client: The client id.
        protocol: 4 or 5.
        keepalive: Seconds.
        user: User name, or None.
        password: Password, or None.
        session_seconds: For how long the broker keeps the session (5).
        in_flight: How many messages may be on their way at once (5).
    """

    client: str
    protocol: int
    keepalive: int
    user: str | None
    password: str | None
    session_seconds: int
    in_flight: int

    def packet(self) -> bytes:
        """The CONNECT that asks to go on with an earlier session [3.1]."""
        flags = (0x80 if self.user is not None else 0) | (0x40 if self.password is not None else 0)
        head = _text("MQTT") + bytes((self.protocol, flags)) + self.keepalive.to_bytes(2)
        if self.protocol == V5:
            properties = bytes([_PROPERTY_SESSION_EXPIRY]) + self.session_seconds.to_bytes(4)
            properties += bytes([_PROPERTY_RECEIVE_MAXIMUM]) + self.in_flight.to_bytes(2)
            head += _length(len(properties)) + properties
        given = [self.client, *(each for each in (self.user, self.password) if each is not None)]
        return _packet(0x10, head + b"".join(map(_text, given)))


def subscribe(mid: int, topics: Sequence[str], qos: int, protocol: int) -> bytes:
    """A SUBSCRIBE [3.8]."""
    shared = "$share/"  # whose retained messages never come: asking for it is an error there
    options = [
        qos | (_NO_RETAINED if protocol == V5 and not topic.startswith(shared) else 0)
        for topic in topics
    ]
    filters = b"".join(_text(t) + bytes([o]) for t, o in zip(topics, options, strict=True))
    properties = b"\0" if protocol == V5 else b""
    return _packet(0x82, mid.to_bytes(2) + properties + filters)


def unsubscribe(mid: int, topic: str, protocol: int) -> bytes:
    """An UNSUBSCRIBE from one topic [3.10]."""
    properties = b"\0" if protocol == V5 else b""
    return _packet(0xA2, mid.to_bytes(2) + properties + _text(topic))


def granted(body: bytes, protocol: int) -> bytes:
    """The codes of a SUBACK, one a topic: the QoS, or from 0x80 on a refusal [3.9].

    Raises:
        Malformed: its properties do not end.
    """
    if protocol != V5:
        return body[2:]
    properties = _read_length(body, 2)
    if properties is None:
        raise Malformed("properties that do not end")
    return body[sum(properties) :]


def answers(kind: int, mids: Iterable[int]) -> bytes:
    """PUBACK, PUBREC or PUBCOMP for each packet id, in this order [3.4, 3.5, 3.7]."""
    head = bytes((kind, 2))
    return b"".join(head + mid.to_bytes(2) for mid in mids)


class Reader:
    """Takes bytes as they come, and gives whole packets.

    Args:
        largest: Payloads over so many bytes are not kept: of those come the first 4 KiB.
    """

    def __init__(self, largest: int) -> None:
        self._largest = largest
        self.protocol = V5

        self._held = b""
        self._long: _Long | None = None

    def feed(self, data: bytes) -> list[Published | Packet]:
        """The packets that are whole now.

        Raises:
            Malformed: this is no MQTT.
        """
        found: list[Published | Packet] = []
        if self._long is not None:
            data = self._long.take(data)
            if self._long.left:
                return found
            found.append(self._large(self._long))
            self._long = None
        buffer = self._held + data if self._held else data
        at, end = 0, len(buffer)
        while True:
            head = _read_length(buffer, at + 1) if at + 1 < end else None
            if head is None:
                break
            length, start = head
            if length > self._largest + _HEAD:  # by its length alone: its digest must not depend
                long = _Long(buffer[at], length)  # on how the bytes were cut
                long.take(buffer[start:])
                at = min(start + length, end)
                if long.left:
                    self._long = long
                    break
                found.append(self._large(long))
                continue
            if start + length > end:
                break
            kind = buffer[at] & 0xF0
            if kind == PUBLISH:
                found.append(self._published(buffer[at], buffer[start : start + length]))
            else:
                found.append(Packet(kind, buffer[start : start + length]))
            at = start + length
        self._held = buffer[at:]
        return found

    def _published(self, first: int, body: bytes) -> Published:
        message = self._opened(first, body)
        if message.qos:
            message.digest = _digest(message.payload)
        if len(message.payload) > self._largest:
            message.payload, message.large = message.payload[:SHOWN], True
        return message

    def _large(self, long: "_Long") -> Published:
        message = self._opened(long.first, bytes(long.head))
        message.payload, message.large = message.payload[:SHOWN], True
        message.digest = long.hash.digest() if message.qos else b""
        return message

    def _opened(self, first: int, body: bytes) -> Published:
        qos = (first >> 1) & 3
        at = 2 + int.from_bytes(body[:2])
        mid = 0
        try:
            topic = body[2:at].decode()
        except UnicodeDecodeError:
            raise Malformed("a topic that is no UTF-8") from None
        if qos:
            mid = int.from_bytes(body[at : at + 2])
            at += 2
        if self.protocol == V5:
            properties = _read_length(body, at)
            if properties is None:
                raise Malformed("properties that do not end")
            at = sum(properties)
        if at > len(body) or qos > 2 or not topic or (qos and not mid):  # noqa: PLR2004
            raise Malformed("a PUBLISH that cannot be")
        return Published(topic, mid, qos, bool(first & 8), bool(first & 1), body[at:])


class _Long:
    """A packet too large to be kept: its head, and a hash of all of it."""

    def __init__(self, first: int, length: int) -> None:
        if first & 0xF0 != PUBLISH:
            raise Malformed("a packet that is too large")
        self.first = first
        self.left = length
        self.head = bytearray()
        self.hash = hashlib.blake2b(digest_size=8)

    def take(self, data: bytes) -> bytes:
        """Take what belongs to it; gives back what follows it."""
        mine = data[: self.left]
        self.left -= len(mine)
        # The packet id does not change when it comes again: the whole may be hashed.
        self.hash.update(mine)
        if len(self.head) < _HEAD:
            self.head += mine[: _HEAD - len(self.head)]
        return data[len(mine) :]


def _digest(payload: bytes) -> bytes:
    return hashlib.blake2b(payload, digest_size=8).digest()


def _packet(first: int, body: bytes) -> bytes:
    return bytes([first]) + _length(len(body)) + body


def _text(text: str) -> bytes:
    data = text.encode()
    return len(data).to_bytes(2) + data


def _length(number: int) -> bytes:
    """A variable byte integer [2.2.3]."""
    digits = bytearray()
    while True:
        number, low = divmod(number, 128)
        digits.append(low | (0x80 if number else 0))
        if not number:
            return bytes(digits)


def _read_length(buffer: bytes, at: int) -> tuple[int, int] | None:
    """A variable byte integer and where it ends; None where it is not whole yet."""
    number = 0
    for place in range(4):
        if at + place >= len(buffer):
            return None
        byte = buffer[at + place]
        number |= (byte & 127) << (7 * place)
        if byte < 128:  # noqa: PLR2004
            return number, at + place + 1
    raise Malformed("a length of more than four bytes")
