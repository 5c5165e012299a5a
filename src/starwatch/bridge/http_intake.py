"""Messages by POST, each answered when it is where it goes."""

import asyncio
import logging
import time
from contextlib import suppress
from dataclasses import dataclass, field
from urllib.parse import unquote

import msgspec

from starwatch.bridge.crossing import MOST_BYTES, Crossing
from starwatch.errors import BadSetting
from starwatch.page.guarding import OPEN, is_loopback
from starwatch.page.serving import ServerLimits, serve
from starwatch.service.stop import Stop
from starwatch.sinks.urls import SinkUrl, fragment_options, split_url
from starwatch.sources.http_door.answers import Answer
from starwatch.sources.http_door.bodies import Refused, unpacked
from starwatch.sources.http_door.exchange import (
    Left,
    Receive,
    Scope,
    Send,
    body_of,
    length_of,
    refuse_other_sites,
    respond,
)

_LOG = logging.getLogger(__name__)

OPTIONS = {"max_message", "timeout"}

_LARGEST = 8 << 20
_READ_SECONDS = 30.0
_WAIT_SECONDS = 60.0
_LAST_SECONDS = 3.0
_LOOK_SECONDS = 0.25
_MOST_CONNECTIONS = 256

_TAKEN = Answer(200, b'{"delivered":true}', 1)
_BUSY = Answer(429, b'{"error":"too many messages wait to be delivered; post it again later"}', 0)
_UNKNOWN = Answer(503, b'{"error":"not delivered in time, and may be yet; post it again"}', 0)
_STOPPING = Answer(503, b'{"error":"the bridge stops; post it again"}', 0)


@dataclass(frozen=True, slots=True)
class Place:
    """Where to listen, and how much is taken.

    Attributes:
        host: Name or number.
        port: 0 takes a free one.
        path: What is posted to.
        token: What clients must show; may be empty on loopback alone.
        largest: Bytes of a message.
        seconds: How long a post waits to be delivered.
    """

    host: str
    port: int
    path: str
    token: str = field(repr=False)
    largest: int
    seconds: float


class HttpIntake:
    """A port that listens.

    Guarantee: 200 means delivered, 422 refused and kept; all else is to be posted again, and may
    then arrive twice. What is posted while too much is in hand is answered 429 at once.

    Args:
        place: Where to listen.
        crossing: Takes messages on.

    Raises:
        BadSetting: the address cannot be listened on.
    """

    def __init__(self, place: Place, crossing: Crossing) -> None:
        self._crossing = crossing
        self._door = _Door(place, crossing)
        limits = ServerLimits(connections=_MOST_CONNECTIONS)
        self._server = serve(
            self._door, [(place.host, place.port)], token=place.token, limits=limits
        )
        self.name = f"{self._server.url}{place.path}"

    def run(self, stop: Stop) -> None:
        """Answer until the end is asked for, and for a moment what is in hand then."""
        _LOG.info("messages by POST to %s", self.name)
        while not stop.is_set():
            stop.wait(_LOOK_SECONDS)
        self._door.stopping = True
        until = time.monotonic() + _LAST_SECONDS
        while not self._crossing.empty and time.monotonic() < until:
            time.sleep(_LOOK_SECONDS / 5)
        self._door.end()
        self._server.stop()


class _Door:
    """The ASGI application."""

    def __init__(self, place: Place, crossing: Crossing) -> None:
        self._place = place
        self._crossing = crossing
        self.stopping = False
        self._loop: asyncio.AbstractEventLoop | None = None
        self._waiting: set[asyncio.Future[Answer]] = set()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        try:
            answer = await self._answered(scope, receive)
        except Refused as refused:
            answer = Answer(refused.status, _error(refused.message), 0)
        except Left:
            return
        await respond(send, answer)

    def end(self) -> None:
        """Answer all that still wait; by another thread."""
        if self._loop is not None:
            self._loop.call_soon_threadsafe(self._send_away)

    async def _answered(self, scope: Scope, receive: Receive) -> Answer:
        headers = {name: value.decode("latin-1") for name, value in scope["headers"]}
        place = self._place
        if scope["path"] != place.path:
            raise Refused(404, "messages are not posted here")
        if scope["method"] != "POST":
            raise Refused(405, "messages are posted")
        refuse_other_sites(headers)
        if self.stopping:
            return _STOPPING
        body = await body_of(receive, length_of(headers), place.largest, _READ_SECONDS)
        encoding = headers.get(b"content-encoding", "").strip().lower()
        return await self._delivered(
            await asyncio.to_thread(unpacked, body, encoding, place.largest)
        )

    async def _delivered(self, message: bytes) -> Answer:
        if self._crossing.full:
            return _BUSY
        self._loop = loop = asyncio.get_running_loop()
        waiting: asyncio.Future[Answer] = loop.create_future()

        def done(reason: str) -> None:
            """By any thread."""
            with suppress(RuntimeError):  # the server has ended: nobody waits any more
                loop.call_soon_threadsafe(self._settle, waiting, reason)

        self._waiting.add(waiting)
        try:
            await asyncio.to_thread(self._crossing.take, message, self._place.path, done)
            await asyncio.wait((waiting,), timeout=self._place.seconds)
        finally:
            self._waiting.discard(waiting)
        return waiting.result() if waiting.done() else _UNKNOWN

    def _settle(self, waiting: asyncio.Future[Answer], reason: str) -> None:
        if not waiting.done():
            waiting.set_result(Answer(422, _error(reason), 0) if reason else _TAKEN)

    def _send_away(self) -> None:
        for waiting in self._waiting:
            if not waiting.done():
                waiting.set_result(_STOPPING)


def _error(text: str) -> bytes:
    return msgspec.json.encode({"error": text})


def http_place(url: str) -> Place:
    """Where a URL says to listen: `http://TOKEN@HOST:PORT/PATH`.

    Raises:
        BadSetting: it cannot be used, or others may come in without a token.
    """
    parts, options = split_url(url), fragment_options(url, OPTIONS)
    given = SinkUrl(parts.scheme, parts.hostname or "", options=options)
    if parts.scheme != "http":
        raise BadSetting(
            "a bridge listens by plain HTTP", hint="Put a proxy that speaks TLS before it"
        )
    try:
        port = parts.port
    except ValueError:
        port = None
    if port is None or not parts.hostname:
        raise BadSetting(
            "the address to listen on names no host and port",
            hint="Write http://127.0.0.1:PORT/PATH",
        )
    path = parts.path or "/"
    if path in OPEN:
        raise BadSetting(f"the path {path} needs no token anywhere", hint="Listen on another one")
    token = unquote(parts.password or parts.username or "")
    if not token and not is_loopback(parts.hostname):
        raise BadSetting(
            f"listening on {parts.hostname} lets others in, and there is no token",
            hint="Write http://TOKEN@HOST:PORT/PATH, or listen on 127.0.0.1",
        )
    largest = int(given.number("max_message", _LARGEST, lowest=1, whole=True))
    if largest > MOST_BYTES:
        raise BadSetting(f"the option max_message={largest} is over {MOST_BYTES:,}")
    seconds = given.number("timeout", _WAIT_SECONDS, lowest=0.1)
    return Place(given.host, port, path, token, largest, seconds)
