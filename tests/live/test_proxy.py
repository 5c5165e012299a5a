"""The proxy forwards, holds, cuts and stays away, as the tests that use it suppose."""

import contextlib
import socket
import threading
from collections.abc import Iterator

import pytest

from live.proxy import Proxy
from servers.ports import HOST
from servers.processes import wait


@pytest.fixture
def echo() -> Iterator[int]:
    """The port of a server that sends back what it gets."""
    with socket.create_server((HOST, 0)) as door:

        def serve(stream: socket.socket) -> None:
            with stream, contextlib.suppress(ConnectionError):
                while data := stream.recv(65_536):
                    stream.sendall(data)

        def take() -> None:
            while True:
                try:
                    stream, _ = door.accept()
                except OSError:
                    return
                threading.Thread(target=serve, args=(stream,), daemon=True).start()

        threading.Thread(target=take, daemon=True).start()
        yield door.getsockname()[1]
        door.shutdown(socket.SHUT_RDWR)


@pytest.fixture
def proxy(proxy_to, echo) -> Proxy:
    return proxy_to(echo)


def connected(proxy: Proxy) -> socket.socket:
    return socket.create_connection((HOST, proxy.port), timeout=5)


def silent(stream: socket.socket) -> bool:
    """Whether nothing comes within a tenth of a second."""
    stream.settimeout(0.1)
    try:
        stream.recv(1)
    except TimeoutError:
        return True
    finally:
        stream.settimeout(5)
    return False


def test_it_forwards_both_ways_and_ends_with_the_client(proxy):
    with connected(proxy) as stream:
        stream.sendall(b"rating")
        assert stream.recv(100) == b"rating"
        assert proxy.connections == 1
        stream.shutdown(socket.SHUT_WR)
        assert stream.recv(100) == b""
    assert wait(lambda: proxy.connections == 0, 5)
    assert proxy.forwarded == {"to_server": 6, "to_client": 6}


@pytest.mark.parametrize("way", [(), ("to_server",), ("to_client",)])
def test_a_pause_holds_what_is_sent_until_it_resumes(proxy, way):
    with connected(proxy) as stream:
        stream.sendall(b"a")
        assert stream.recv(1) == b"a"
        proxy.pause(*way)
        stream.sendall(b"b")
        if way == ("to_client",):
            assert wait(lambda: proxy.forwarded["to_server"] == 2, 5)
        assert silent(stream)
        assert proxy.forwarded == {"to_server": 1 + (way == ("to_client",)), "to_client": 1}
        proxy.resume()
        assert stream.recv(1) == b"b"


def test_a_pause_is_felt_by_the_sender(proxy):
    with connected(proxy) as stream:
        proxy.pause()
        stream.settimeout(0.2)
        with pytest.raises(TimeoutError):
            stream.sendall(bytes(64 << 20))


def test_a_cut_resets_clients_and_loses_what_was_held(proxy):
    with connected(proxy) as stream:
        stream.sendall(b"a")
        assert stream.recv(1) == b"a"
        proxy.pause()
        stream.sendall(b"b")
        proxy.cut()
        with pytest.raises(ConnectionResetError):
            stream.recv(1)
        proxy.resume()
    with connected(proxy) as stream:
        stream.sendall(b"c")
        assert stream.recv(10) == b"c"
    assert proxy.forwarded["to_server"] == 2


def test_a_refusal_keeps_connections_and_takes_no_new_one(proxy):
    with connected(proxy) as stream:
        stream.sendall(b"a")
        assert stream.recv(1) == b"a"
        proxy.refuse()
        with pytest.raises(ConnectionRefusedError):
            connected(proxy)
        stream.sendall(b"b")
        assert stream.recv(1) == b"b"
        proxy.admit()
        connected(proxy).close()


def test_a_server_that_is_away_closes_the_client(proxy, proxy_to):
    away = proxy_to(proxy.port)
    proxy.refuse()
    with connected(away) as stream:
        assert stream.recv(1) == b""
