"""HTTP/1.1 on a connection, with bounds that uvicorn leaves to others.

h11 in place of httptools: it bounds the size of headers, is strict, and is Python alone.
"""

import asyncio
import socket
from http import HTTPStatus
from typing import Any

import h11
from uvicorn import Config
from uvicorn.protocols.http.h11_impl import H11Protocol


class BoundedReader(h11.Connection):
    """Reads requests whose line and headers are together no larger than a bound.

    h11 bounds by it only what is not whole yet: a head that arrives in one piece may be larger.

    Args:
        most: The bound, in bytes.
    """

    def __init__(self, most: int) -> None:
        super().__init__(h11.SERVER, most)
        self._most = most
        self.answer = HTTPStatus.BAD_REQUEST
        """What is to be answered to what cannot be read."""

    def next_event(self) -> h11.Event | type[h11.NEED_DATA] | type[h11.PAUSED]:
        """As h11 has it.

        Raises:
            RemoteProtocolError: no HTTP, or too large a head.
        """
        try:
            event = super().next_event()
            if isinstance(event, h11.Request) and _size(event) > self._most:
                status = HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE
                raise h11.RemoteProtocolError("headers too large", error_status_hint=status)
        except h11.RemoteProtocolError as error:
            self.answer = HTTPStatus(error.error_status_hint)
            raise
        return event


class BoundedProtocol(H11Protocol):
    """A connection whose headers must arrive in time, and which is one of a bounded number.

    Without that a client that sends a byte now and then would hold a connection for ever.
    """

    def __init__(self, config: Config, *arguments: Any, **named: Any) -> None:
        super().__init__(config, *arguments, **named)
        self.conn = self._reader = BoundedReader(config.h11_max_incomplete_event_size or 0)
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

    def send_400_response(self, msg: str) -> None:
        """Answer to what cannot be read, by what it was, and hang up."""
        status = self._reader.answer
        text = f"{status.phrase}\n".encode() if status != HTTPStatus.BAD_REQUEST else msg.encode()
        headers = [("content-type", "text/plain; charset=utf-8"), ("connection", "close")]
        answer = [
            h11.Response(status_code=status, headers=headers, reason=status.phrase.encode()),
            h11.Data(data=text),
            h11.EndOfMessage(),
        ]
        for event in answer:
            self.transport.write(self.conn.send(event) or b"")
        self.transport.close()

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


def _size(head: h11.Request) -> int:
    """The bytes of a request line with its headers, without spaces that mean nothing."""
    line = len(head.method) + len(head.target) + len(" HTTP/1.1 \r\n")
    return line + sum(len(name) + len(value) + len(": \r\n") for name, value in head.headers)


_BOUNDS = "starwatch_bounds"
