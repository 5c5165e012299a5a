"""Runs an ASGI application in a thread of its own, with bounds on what clients may do."""

import errno
import socket
import time
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from threading import Thread

import uvicorn
from starlette.types import ASGIApp

from starwatch.errors import BadSetting, RunError
from starwatch.page.guarding import Guard, require_token
from starwatch.page.headers import SafeHeaders
from starwatch.page.prefix import Prefixed
from starwatch.page.protocol import BoundedProtocol

_BACKLOG = 1024


@dataclass(frozen=True, slots=True)
class ServerLimits:
    """Bounds on connections.

    Attributes:
        connections: Open at once; a further one is closed.
        header_bytes: Of a request line and its headers.
        header_seconds: For them to arrive.
        idle_seconds: Between two requests of a connection.
        drain_seconds: For answers that are under way when the server stops.
    """

    connections: int = 1000
    header_bytes: int = 32 << 10
    header_seconds: float = 10.0
    idle_seconds: int = 60
    drain_seconds: int = 5


class Server:
    """A server that runs until it is stopped; made by `serve`.

    Attributes:
        urls: Where it listens.
    """

    def __init__(
        self,
        app: ASGIApp,
        sockets: Sequence[socket.socket],
        limits: ServerLimits,
        stopping: Callable[[], None] = lambda: None,
    ) -> None:
        self.urls = [url_of(*each.getsockname()[:2]) for each in sockets]
        self._stopping = stopping
        self._sockets = list(sockets)
        self._server = uvicorn.Server(_config(app, limits))
        self._thread = Thread(target=self._run, name="http-server", daemon=True)

    @property
    def url(self) -> str:
        """The first of its URLs."""
        return self.urls[0]

    def start(self) -> None:
        """Begin to answer.

        Raises:
            RunError: it did not come up.
        """
        self._thread.start()
        while not self._server.started:
            if not self._thread.is_alive():
                raise RunError("the HTTP server did not start", hint="The log says why")
            time.sleep(0.002)

    def stop(self) -> None:
        """Take no more requests, give what answers are under way, and end. Safe to call twice."""
        self._stopping()
        self._server.should_exit = True
        self._thread.join()

    def _run(self) -> None:
        self._server.run(self._sockets)


def serve(  # noqa: PLR0913
    app: ASGIApp,
    addresses: Sequence[tuple[str, int] | socket.socket],
    *,
    token: str = "",
    limits: ServerLimits = ServerLimits(),
    pages: Collection[str] = (),
    prefix: str = "",
    stopping: Callable[[], None] = lambda: None,
) -> Server:
    """Listen, and answer by an application.

    Args:
        app: The application.
        addresses: Hosts and ports to listen on; port 0 takes a free one. Or sockets that listen.
        token: What clients must show; may be empty on loopback alone.
        limits: Bounds on connections.
        pages: Paths of pages, to which one may log in.
        prefix: What stands before all paths in a browser, behind a proxy.
        stopping: Called when the server is to stop, to end answers that have no end.

    Raises:
        BadSetting: an address cannot be listened on, or needs a token.
        RunError: the server did not come up.
    """
    for each in addresses:
        require_token(each.getsockname()[0] if isinstance(each, socket.socket) else each[0], token)
    sockets: list[socket.socket] = []
    try:
        sockets.extend(
            each if isinstance(each, socket.socket) else listening(*each) for each in addresses
        )
        guarded = Prefixed(Guard(app, token, pages=pages, prefix=prefix), prefix)
        server = Server(SafeHeaders(guarded), sockets, limits, stopping)
        server.start()
    except BaseException:
        for each in sockets:
            each.close()
        raise
    return server


def listening(host: str, port: int, *, else_free: bool = False) -> socket.socket:
    """A socket that listens.

    Args:
        host: The address.
        port: The port; 0 takes a free one.
        else_free: Whether a free one will do where this one is taken.

    Raises:
        BadSetting: the address cannot be listened on.
    """
    try:
        family, *_ = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        return socket.create_server((host, port), family=family, backlog=_BACKLOG)
    except OSError as error:
        if error.errno == errno.EADDRINUSE:
            if else_free:
                return listening(host, 0)
            raise BadSetting(
                f"port {port} on {host} is taken",
                hint="Stop what listens there, or set another port (http.port, or --port;"
                " 0: a free one)",
            ) from None
        why = (error.strerror or str(error)).lower()
        raise BadSetting(
            f"port {port} on {host} cannot be listened on: {why}",
            hint="Set another host or port (http.host, http.port, or --host, --port)",
        ) from None


def _config(app: ASGIApp, limits: ServerLimits) -> uvicorn.Config:
    config = uvicorn.Config(
        app,
        http=BoundedProtocol,
        loop="asyncio",
        ws="none",
        lifespan="off",
        interface="asgi3",
        log_config=None,
        log_level="error",
        access_log=False,
        server_header=False,
        proxy_headers=False,
        h11_max_incomplete_event_size=limits.header_bytes,
        timeout_keep_alive=limits.idle_seconds,
        timeout_graceful_shutdown=limits.drain_seconds,
        backlog=_BACKLOG,
    )
    config.load()
    BoundedProtocol.bound(config, limits.connections, limits.header_seconds)
    return config


def url_of(host: str, port: int) -> str:
    """Where something on a host and a port is asked.

    >>> url_of("::1", 8321)
    'http://[::1]:8321'
    """
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"
