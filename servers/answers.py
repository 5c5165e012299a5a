"""One exchange in each protocol: the proof that a server is up, which an open port is not."""

import socket
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from http import HTTPStatus
from http.client import HTTPConnection

from servers.ports import HOST

TIMEOUT = 5.0
"""Seconds that a server has for its answer."""


def mqtt(port: int, *, tls: bool = False) -> bool:
    """Whether a CONNECT gets a CONNACK (MQTT 3.1.1, 3.1 and 3.2), be it a refusal."""
    client = b"\x00\x05probe"
    body = b"\x00\x04MQTT\x04\x02\x00\x0a" + client
    with _stream(port, tls=tls) as stream:
        stream.sendall(b"\x10" + bytes([len(body)]) + body)
        return _read(stream, 2) == b"\x20\x02"


def kafka(port: int, *, tls: bool = False) -> bool:
    """Whether an ApiVersions request is answered, which a broker does once it has joined."""
    body = b"\x00\x12\x00\x00" + b"\x00\x00\x00\x07" + b"\x00\x05probe"
    with _stream(port, tls=tls) as stream:
        stream.sendall(len(body).to_bytes(4) + body)
        return _read(stream, 10)[4:] == b"\x00\x00\x00\x07" + b"\x00\x00"


def postgresql(port: int) -> bool:
    """Whether a start-up message gets a request to authenticate: an E says "starting up"."""
    body = (196_608).to_bytes(4) + b"user\0starwatch\0database\0starwatch\0\0"
    with _stream(port) as stream:
        stream.sendall((len(body) + 4).to_bytes(4) + body)
        return _read(stream, 1) == b"R"


def redis(port: int) -> bool:
    """Whether a PING is answered, or refused for want of a password; not with LOADING."""
    with _stream(port) as stream:
        stream.sendall(b"PING\r\n")
        return _read(stream, 5) in {b"+PONG", b"-NOAU"}


def tls(port: int) -> bool:
    """Whether a TLS handshake is answered, be it with a refusal for want of a certificate."""
    try:
        with _stream(port, tls=True):
            return True
    except ssl.SSLError:
        return True


def http(port: int, path: str) -> bool:
    """Whether a GET of a path is answered by 200."""
    connection = HTTPConnection(HOST, port, timeout=TIMEOUT)
    try:
        connection.request("GET", path)
        return connection.getresponse().status == HTTPStatus.OK
    finally:
        connection.close()


@contextmanager
def _stream(port: int, *, tls: bool = False) -> Iterator[socket.socket]:
    with socket.create_connection((HOST, port), timeout=TIMEOUT) as plain:
        if not tls:
            yield plain
            return
        context = ssl.create_default_context()
        context.check_hostname = False  # who answers does not matter here, that it answers does
        context.verify_mode = ssl.CERT_NONE
        with context.wrap_socket(plain) as stream:
            yield stream


def _read(stream: socket.socket, count: int) -> bytes:
    """This many bytes, or fewer if the server closes before."""
    data = b""
    while len(data) < count and (more := stream.recv(count - len(data))):
        data += more
    return data
