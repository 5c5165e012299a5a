"""A TCP proxy on loopback that can stop forwarding, cut its connections, or be away."""

import asyncio
import contextlib
import functools
import socket
import struct
import threading
from asyncio import StreamReader as Reader
from asyncio import StreamWriter as Writer
from collections.abc import Callable
from typing import Literal, Self

from servers.ports import HOST, free_port
from servers.processes import wait

Way = Literal["to_server", "to_client"]
WAYS: tuple[Way, Way] = ("to_server", "to_client")
RESET = struct.pack("ii", 1, 0)  # SO_LINGER without time: closing sends a reset
TIMEOUT = 10.0  # seconds that the proxy's thread has to do what it is told


def in_its_thread(method: Callable) -> Callable:
    """Let the proxy's own thread do it, and return when it is done."""

    @functools.wraps(method)
    def told(proxy: "Proxy", *given: str) -> None:
        async def work() -> None:
            method(proxy, *given)

        asyncio.run_coroutine_threadsafe(work(), proxy._loop).result(TIMEOUT)  # noqa: SLF001

    return told


class Proxy:
    """Forwards bytes between clients and one port of loopback, in a thread of its own."""

    def __init__(self, target: int) -> None:
        self.target = target
        self.port = free_port()
        self.forwarded = dict.fromkeys(WAYS, 0)  # bytes passed on
        self._open = {way: asyncio.Event() for way in WAYS}
        self._pairs: set[tuple[Writer, Writer]] = set()
        self._joined: set[asyncio.Task[None]] = set()
        self._door: socket.socket | None = None
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        self.resume()
        self.admit()
        return self

    def __exit__(self, *_: object) -> None:
        self.refuse()
        self.resume()
        wait(lambda: self.cut() or not self._joined, TIMEOUT)  # some may still have been joining
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(TIMEOUT)
        self._loop.close()

    @property
    def connections(self) -> int:
        """How many clients are connected through it."""
        return len(self._pairs)

    @in_its_thread
    def pause(self, *ways: Way) -> None:
        """Forward nothing more, both ways or the one named; connections stay and fill up."""
        for way in ways or WAYS:
            self._open[way].clear()

    @in_its_thread
    def resume(self) -> None:
        """Forward again, what came meanwhile first."""
        for event in self._open.values():
            event.set()

    @in_its_thread
    def cut(self) -> None:
        """Reset every connection; what was held is gone, new connections are taken."""
        for writer in (writer for pair in self._pairs for writer in pair):
            if not writer.is_closing():
                stream = writer.get_extra_info("socket")
                stream.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
            writer.transport.abort()
        self._pairs.clear()

    @in_its_thread
    def admit(self) -> None:
        """Take connections, as at first."""
        if self._door is None:
            self._door = socket.create_server((HOST, self.port))
            self._loop.add_reader(self._door, self._take, self._door)

    @in_its_thread
    def refuse(self) -> None:
        """Take no new connections; those that are stay."""
        if self._door is not None:
            self._loop.remove_reader(self._door)
            self._door.close()
            self._door = None

    def _take(self, door: socket.socket) -> None:
        stream, _ = door.accept()
        stream.setblocking(False)
        task = self._loop.create_task(self._join(stream))
        self._joined.add(task)
        task.add_done_callback(self._joined.discard)

    async def _join(self, stream: socket.socket) -> None:
        reader, client = await asyncio.open_connection(sock=stream)
        with contextlib.suppress(OSError), contextlib.closing(client):
            answers, server = await asyncio.open_connection(HOST, self.target)
            with contextlib.closing(server):
                self._pairs.add(pair := (client, server))
                there = self._pump("to_server", reader, server)
                back = self._pump("to_client", answers, client)
                await asyncio.gather(there, back)
                self._pairs.discard(pair)

    async def _pump(self, way: Way, reader: Reader, writer: Writer) -> None:
        try:
            while True:
                data = await reader.read(65_536)
                await self._open[way].wait()  # what is held fills the buffers before it
                if not data or writer.is_closing():
                    break
                writer.write(data)
                await writer.drain()
                self.forwarded[way] += len(data)
            if not writer.is_closing():
                writer.write_eof()
        except OSError:  # either side has gone: so does the other
            writer.transport.abort()
