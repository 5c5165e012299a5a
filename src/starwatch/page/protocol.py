"""HTTP/1.1 on a connection, with bounds that uvicorn leaves to others.

h11 in place of httptools: it bounds the size of headers, is strict, and is Python alone.
"""

import asyncio
import socket
from typing import Any

from uvicorn import Config
from uvicorn.protocols.http.h11_impl import H11Protocol


class BoundedProtocol(H11Protocol):
    """A connection whose headers must arrive in time, and which is one of a bounded number.

    Without that a client that sends a byte now and then would hold a connection for ever.
    """

    def __init__(self, config: Config, *arguments: Any, **named: Any) -> None:
        super().__init__(config, *arguments, **named)
        self._most, self._seconds = getattr(config, _BOUNDS)
        self._deadline: asyncio.TimerHandle | None = None

    @staticmethod
    def bound(config: Config, connections: int, header_seconds: float) -> None:
        """Set the bounds of all connections of a server."""
        setattr(config, _BOUNDS, (connections, header_seconds))

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Somebody connected; one too many is let go at once."""
        super().connection_made(transport)
        if len(self.connections) > self._most:
            transport.abort()
            return
        # asyncio does this only for sockets that were made with a protocol number; without it the
        # two writes of an answer wait for each other's acknowledgement, 40 ms.
        transport.get_extra_info("socket").setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._expect()

    def data_received(self, data: bytes) -> None:
        """Bytes have come: of headers, which are then expected to become whole, or of a body."""
        before = self.cycle
        super().data_received(data)
        if self.cycle is not before or self._answering():
            self._arrived()
        elif self._deadline is None:
            self._expect()

    def connection_lost(self, exc: Exception | None) -> None:
        """The connection has ended."""
        self._arrived()
        super().connection_lost(exc)

    def _answering(self) -> bool:
        return self.cycle is not None and not self.cycle.response_complete

    def _expect(self) -> None:
        self._deadline = self.loop.call_later(self._seconds, self._too_slow)

    def _arrived(self) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None

    def _too_slow(self) -> None:
        self._deadline = None
        if not self._answering() and not self.transport.is_closing():
            self.transport.abort()


_BOUNDS = "starwatch_bounds"
