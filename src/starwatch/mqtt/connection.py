"""A connection to a broker for one who receives: bytes in, packets out, nothing decided here.

Guarantee: `receive` reads no more than it is asked for, so whoever stops calling it holds the
broker back; what is sent meanwhile (answers, pings) leaves. All is for one thread, but `wake`.
"""

import selectors
import socket
import ssl
import time
from collections.abc import Callable
from contextlib import suppress
from typing import TypeVar

from starwatch.errors import SourceFailed
from starwatch.mqtt.address import Address
from starwatch.mqtt.packets import (
    BYE,
    CONNACK,
    DISCONNECT,
    PING,
    PINGRESP,
    V5,
    Hello,
    Malformed,
    Packet,
    Published,
    Reader,
)

_T = TypeVar("_T")

READ_BYTES = 1 << 18
"""Bytes read at once: some thousand ratings, one decoding of them."""

_CONNECT_SECONDS = 10.0

_TRYING_SECONDS = 3.0
"""How long a broker may take to answer where it may not know this version of MQTT."""

_OLD_CODES = {
    1: "it does not speak this version of MQTT",
    2: "it refuses this client id",
    3: "it is not available",
    4: "the user or the password is wrong",
    5: "the user or the password is wrong, or may not connect",
}
"""Return codes of CONNACK in 3.1.1 [3.2.2.3]."""

_CODES = {
    0x84: "it does not speak this version of MQTT",
    0x85: "it refuses this client id",
    0x86: "the user or the password is wrong",
    0x87: "the user or the password is wrong, or may not connect",
    0x88: "it is not available",
    0x89: "it is too busy",
    0x8A: "this client is banned",
    0x8B: "it is shutting down",
    0x8D: "it heard nothing for too long",
    0x8E: "another client with the same client id has taken the session over",
    0x95: "a packet was too large for it",
    0x97: "a quota is exceeded",
    0x9F: "there are too many connections",
}
"""Reason codes of 5 that a receiver may meet [2.4]."""

_UNKNOWN_VERSION = (1, 0x84)


class OtherVersion(Exception):
    """The broker does not speak the version of MQTT that it was spoken to in."""


class Connection:
    """One connection, from CONNECT to its end.

    Args:
        address: Which broker, and who asks.
        hello: What to say first.
        largest: Payloads over so many bytes are not kept.

    Raises:
        SourceFailed: the broker is away, or refuses.
        OtherVersion: it wants another version of MQTT.
    """

    def __init__(self, address: Address, hello: Hello, largest: int) -> None:
        self._broker = address.broker
        self._keepalive = hello.keepalive
        self._twice = f"Does the broker run, and no other client with the id {hello.client!r}?"
        self._reader = Reader(largest)
        self._reader.protocol = hello.protocol

        self._out = bytearray()
        self._selector = selectors.DefaultSelector()
        self._watched = 0
        self._woken, self._waker = socket.socketpair()
        self._selector.register(self._woken, selectors.EVENT_READ)
        self._woken.setblocking(False)
        self._waker.setblocking(False)
        self._wrote = self._heard = time.monotonic()
        self._asked: float | None = None
        self.first: list[Published | Packet] = []
        """Packets that came with CONNACK."""

        self._socket: socket.socket | None = None
        try:
            self._socket = self._open(address)
            trying = not address.protocol and hello.protocol == V5
            self.session_present = self._greet(hello, trying=trying)
        except BaseException:
            self.close()
            raise

    def wake(self) -> None:
        """Let `wait` return; may be called from any thread, also behind the end."""
        with suppress(OSError):
            self._waker.send(b"\0")

    def wait(self, seconds: float, *, reading: bool) -> bool:
        """Wait for something to do, send what can be sent; whether bytes may be there.

        Args:
            seconds: At most.
            reading: Whether bytes that come end the wait.

        Raises:
            SourceFailed: the connection is lost.
        """
        self._ping(reading=reading)
        stream = self._stream()
        ready = reading and isinstance(stream, ssl.SSLSocket) and stream.pending() > 0
        self._watch(stream, reading=reading)
        for key, events in self._selector.select(0.0 if ready else seconds):
            if key.fileobj is self._woken:
                with suppress(BlockingIOError):
                    self._woken.recv(4096)
            else:
                ready = ready or bool(events & selectors.EVENT_READ)
        self._flush()
        return ready

    def _watch(self, stream: socket.socket, *, reading: bool) -> None:
        """Look out for what is wanted of the socket, and for nothing else."""
        events = (selectors.EVENT_READ if reading else 0) | (
            selectors.EVENT_WRITE if self._out else 0
        )
        if events != self._watched:
            if not events:
                self._selector.unregister(stream)
            elif self._watched:
                self._selector.modify(stream, events)
            else:
                self._selector.register(stream, events)
            self._watched = events

    def receive(self) -> tuple[list[Published | Packet], bool]:
        """Read once: the packets that are whole, and whether no more bytes are there now.

        Raises:
            SourceFailed: the connection is lost, or the other side speaks no MQTT.
        """
        data = self._read()
        if data is None:
            return [], True
        self._heard = time.monotonic()
        packets = self._parsed(data)
        kept = []
        for packet in packets:
            if isinstance(packet, Packet) and packet.kind == PINGRESP:
                self._asked = None
            elif isinstance(packet, Packet) and packet.kind == DISCONNECT:
                code = packet.body[0] if packet.body else 0
                raise SourceFailed(f"{self._broker} ended the connection: {_reason(code)}")
            else:
                kept.append(packet)
        return kept, len(data) < READ_BYTES

    def send(self, data: bytes) -> None:
        """Send packets, now or as soon as they can be.

        Raises:
            SourceFailed: the connection is lost.
        """
        self._out += data
        self._flush()

    def leave(self, seconds: float) -> None:
        """Send what is left and say good-bye, so that the broker keeps the session; then close."""
        until = time.monotonic() + seconds
        with suppress(SourceFailed, OSError, ValueError):
            self.send(BYE)
            while self._out and time.monotonic() < until:
                self.wait(0.05, reading=False)
            self._stream().shutdown(socket.SHUT_WR)
        self.close()

    def close(self) -> None:
        """Let the connection go. Safe to call twice."""
        self._selector.close()
        if self._socket is not None:
            self._socket.close()
        self._woken.close()
        self._waker.close()

    def _open(self, address: Address) -> socket.socket:
        try:
            plain = socket.create_connection((address.host, address.port), _CONNECT_SECONDS)
            plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        except OSError as error:
            raise SourceFailed(
                f"{self._broker} cannot be reached: {_why(error)}",
                hint="Is a broker running there?",
            ) from error
        if address.scheme != "mqtts":
            return plain
        try:
            context = ssl.create_default_context(cafile=address.ca_file)
            if address.certificate is not None:
                context.load_cert_chain(address.certificate)
            return context.wrap_socket(plain, server_hostname=address.host)
        except OSError as error:
            plain.close()
            raise SourceFailed(
                f"{self._broker} cannot be trusted: {_why(error)}",
                hint="Name the authority that vouches for it, as ca_file=FILE",
            ) from error

    def _greet(self, hello: Hello, *, trying: bool) -> bool:
        """Say CONNECT and hear CONNACK [3.2]; whether the broker knows the session.

        A broker of 3.1.1 may answer 5 with silence, or hang up.
        """
        stream = self._stream()
        until = time.monotonic() + (_TRYING_SECONDS if trying else _CONNECT_SECONDS)
        try:
            stream.sendall(hello.packet())
            while not self.first:
                stream.settimeout(max(until - time.monotonic(), 0.001))
                data = stream.recv(READ_BYTES)
                if not data:
                    raise ConnectionError("it hung up")
                self.first = self._parsed(data)
        except OSError as error:
            if trying:
                raise OtherVersion from error
            raise SourceFailed(f"{self._broker} does not answer: {_why(error)}") from error
        stream.setblocking(False)
        answer = self.first.pop(0)
        if not isinstance(answer, Packet) or answer.kind != CONNACK or len(answer.body) < 2:  # noqa: PLR2004
            raise SourceFailed(f"{self._broker} speaks no MQTT")
        code = answer.body[1]
        if code in _UNKNOWN_VERSION:
            raise OtherVersion
        if code:
            known = _CODES if hello.protocol == V5 and code > max(_OLD_CODES) else _OLD_CODES
            raise SourceFailed(f"{self._broker} refuses: {known.get(code, f'code {code}')}")
        if hello.protocol == V5:
            self._keepalive = _server_keepalive(answer.body) or self._keepalive
        return bool(answer.body[0] & 1)

    def _parsed(self, data: bytes) -> list[Published | Packet]:
        try:
            return self._reader.feed(data)
        except Malformed as error:
            raise SourceFailed(f"{self._broker} sent {error}") from error

    def _read(self) -> bytes | None:
        return self._tried(lambda stream: stream.recv(READ_BYTES))

    def _flush(self) -> None:
        if self._out:
            sent = self._tried(lambda stream: stream.send(self._out))
            if sent:
                del self._out[:sent]
                self._wrote = time.monotonic()

    def _tried(self, work: Callable[[socket.socket], _T]) -> _T | None:
        """Do something that does not block; None where it would."""
        try:
            done = work(self._stream())
        except (BlockingIOError, ssl.SSLWantReadError, ssl.SSLWantWriteError):
            return None
        except OSError as error:
            raise self._lost(_why(error)) from error
        if done == b"":
            raise self._lost("the broker closed it", hint=self._twice)
        return done

    def _ping(self, *, reading: bool) -> None:
        """Keep the connection alive, and notice when the other side is gone [3.1.2.10].

        While nothing is read no answer can be seen either, so its time does not run.
        """
        now, half = time.monotonic(), self._keepalive / 2
        if not half:
            return
        if not reading:
            self._heard, self._asked = now, None
        if self._asked is not None and self._heard < self._asked <= now - half:
            raise self._lost(f"silence for {self._keepalive} s")
        silent = self._asked is None and now - self._heard >= half
        if silent or now - self._wrote >= half:
            self._asked = (self._asked or now) if reading else None
            self._wrote = now
            self.send(PING)

    def _lost(self, why: str, hint: str = "") -> SourceFailed:
        return SourceFailed(f"the connection to {self._broker} is lost: {why}", hint=hint)

    def _stream(self) -> socket.socket:
        if self._socket is None:
            raise self._lost("it is closed")
        return self._socket


def _server_keepalive(body: bytes) -> int | None:
    """The keep-alive that a broker insists on (5 [3.2.2.3.14]), if it does."""
    at = 3
    while at + 2 < len(body):
        size = _PROPERTY_SIZES.get(body[at])
        if size is None:
            return None
        if body[at] == _SERVER_KEEPALIVE:
            return int.from_bytes(body[at + 1 : at + 3])
        if size < 0:
            size = 2 + int.from_bytes(body[at + 1 : at + 3])
        at += 1 + size
    return None


_SERVER_KEEPALIVE = 0x13
_PROPERTY_SIZES = {
    **dict.fromkeys((0x24, 0x25, 0x28, 0x29, 0x2A), 1),
    **dict.fromkeys((0x13, 0x21, 0x22), 2),
    **dict.fromkeys((0x11, 0x27), 4),
    **dict.fromkeys((0x12, 0x15, 0x16, 0x1A, 0x1C, 0x1F), -1),
}
"""Bytes of the properties of CONNACK; -1: a length of two bytes stands before them."""


def _reason(code: int) -> str:
    return _CODES.get(code, f"code {code}" if code else "without a reason")


def _why(error: OSError) -> str:
    if isinstance(error, TimeoutError):
        return "no answer in time"
    if isinstance(error, ssl.SSLCertVerificationError):
        return error.verify_message
    text = error.strerror or str(error)
    return f"{text[:1].lower()}{text[1:]}"
