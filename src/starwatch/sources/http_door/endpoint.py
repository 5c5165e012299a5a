"""`POST /ratings` as an ASGI application: reads a request, puts it in, gives the answer."""

import asyncio
import time
from collections.abc import Awaitable, Callable, MutableMapping
from dataclasses import dataclass
from typing import Any

import msgspec

from starwatch.sources.http_door.answers import Answer
from starwatch.sources.http_door.bodies import Messages, Refused, split, unpacked
from starwatch.sources.http_door.kept import Known, digest
from starwatch.sources.http_door.source import NOT_TAKEN, UNKNOWN, HttpSource
from starwatch.sources.http_door.waiting import Post

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]

_LARGE = 1 << 18
"""Bodies from here on are unpacked and split in a thread, so that they hold up no other request."""

_LOOK_SECONDS = 0.01
"""How often it is looked whether the service has begun."""

_MOST_KEY = 255
_RETRY = (b"retry-after", b"1")
_CLOSE = (b"connection", b"close")

BUSY = Answer(429, b'{"error":"too many ratings wait to be committed; post them again later"}', 0)
OTHER_BODY = Answer(
    422, b'{"error":"another body, or to another path, was posted with this Idempotency-Key"}', 0
)


class _Left(Exception):
    """The client went away before its body was whole."""


@dataclass(frozen=True, slots=True)
class _Request:
    """What is looked at of a request's head."""

    path: str
    content_type: str
    encoding: str
    length: int
    key: str

    @classmethod
    def of(cls, scope: Scope) -> "_Request":
        headers = {name: value.decode("latin-1") for name, value in scope["headers"]}
        if scope["method"] != "POST":
            raise Refused(405, "ratings are posted")
        origin, host = headers.get(b"origin"), headers.get(b"host", "")
        if origin is not None and origin.partition("://")[2] != host:
            raise Refused(403, "another site's page may not post ratings here")
        key = headers.get(b"idempotency-key")
        if sum(name == b"idempotency-key" for name, _ in scope["headers"]) > 1:
            raise Refused(400, "a post has one Idempotency-Key")
        if key is not None and not (
            0 < len(key) <= _MOST_KEY and key.isascii() and key.isprintable()
        ):
            raise Refused(
                400, f"an Idempotency-Key has 1 to {_MOST_KEY} printable ASCII characters"
            )
        length = headers.get(b"content-length", "0")
        return cls(
            path=scope["path"].removeprefix(scope.get("root_path", "")),
            content_type=headers.get(b"content-type", ""),
            encoding=headers.get(b"content-encoding", "").strip().lower(),
            length=int(length) if length.isdecimal() else 0,
            key=key or "",
        )


class RatingsEndpoint:
    """Answers posts of ratings.

    Args:
        source: Where the ratings go.
    """

    def __init__(self, source: HttpSource) -> None:
        self._source = source

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        replayed = False
        try:
            request = _Request.of(scope)
            if request.path not in self._source.paths:
                raise Refused(404, "ratings are not posted here")
            self._source.openings.opened(request.path)
            try:
                answer, replayed = await self._answered(request, receive)
            finally:
                self._source.openings.closed(request.path)
        except Refused as refused:
            body = msgspec.json.encode({"error": refused.message})
            answer = Answer(refused.status, body, 0)
        except _Left:
            return
        self._source.posts[answer.status] += 1
        await _respond(send, answer, replayed=replayed)

    async def _answered(self, request: _Request, receive: Receive) -> tuple[Answer, bool]:
        """The answer, and whether it was given before."""
        source = self._source
        if not await self._ready():
            return NOT_TAKEN, False
        body = await self._body(request, receive)
        body_digest = digest(request.path, body) if request.key else b""
        if (known := source.kept.find(request.key)) is not None:
            return await self._repeated(known, body_digest)
        if len(body) >= _LARGE or request.encoding:
            messages = await asyncio.to_thread(self._messages, body, request)
            if (known := source.kept.find(request.key)) is not None:  # it has come meanwhile
                return await self._repeated(known, body_digest)
        else:
            messages = self._messages(body, request)
        waiting = asyncio.get_running_loop().create_future()
        post = Post(request.path, messages, len(body), request.key, body_digest, waiting)
        answer = await self._committed(waiting) if source.put(post) else BUSY
        return answer, False

    async def _ready(self) -> bool:
        """Whether posts are taken; one that comes while the service begins waits for that."""
        source = self._source
        until = time.monotonic() + source.limits.start_seconds
        while source.begins and time.monotonic() < until:  # noqa: ASYNC110 - in another thread
            await asyncio.sleep(_LOOK_SECONDS)
        return source.ready

    async def _repeated(self, known: Known, body_digest: bytes) -> tuple[Answer, bool]:
        """The answer to a post whose key has been seen."""
        if known.digest != body_digest:
            return OTHER_BODY, False
        answer = known.answer
        if answer is None and known.waiting is not None:
            answer = await self._committed(known.waiting)
        if answer is None or not answer.ratings:
            return answer or UNKNOWN, False
        self._source.redelivered(answer.ratings)
        return answer, True

    async def _committed(self, waiting: asyncio.Future[Answer]) -> Answer:
        await asyncio.wait((waiting,), timeout=self._source.limits.commit_seconds)
        return waiting.result() if waiting.done() else UNKNOWN

    def _messages(self, body: bytes, request: _Request) -> Messages:
        limits = self._source.limits
        whole = unpacked(body, request.encoding, limits.body_bytes)
        return split(whole, request.content_type, limits, self._source.fields)

    async def _body(self, request: _Request, receive: Receive) -> bytes:
        limit = self._source.limits.body_bytes
        if request.length > limit:
            raise _too_large(limit)
        try:
            async with asyncio.timeout(self._source.limits.read_seconds):
                return await _read(receive, limit)
        except TimeoutError:
            raise Refused(408, "the body took too long to arrive") from None


_READ_PAST = 64 << 10
"""Of a body that is too large so much is read and let go: a client that is still sending when the
connection is closed is reset, and may never read why."""


async def _read(receive: Receive, limit: int) -> bytes:
    chunks: list[bytes] = []
    size, more = 0, True
    while more:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise _Left
        chunk = message.get("body", b"")
        size += len(chunk)
        more = message.get("more_body", False)
        if size > limit:
            chunks.clear()
            more = more and size <= limit + _READ_PAST
        else:
            chunks.append(chunk)
    if size > limit:
        raise _too_large(limit)
    return chunks[0] if len(chunks) == 1 else b"".join(chunks)


def _too_large(limit: int) -> Refused:
    return Refused(413, f"the body is over {limit:,} bytes; post it in parts")


async def _respond(send: Send, answer: Answer, *, replayed: bool) -> None:
    headers = [
        (b"content-type", b"application/json"),
        (b"content-length", str(len(answer.body)).encode()),
    ]
    if answer.status in {429, 503}:
        headers.append(_RETRY)
    if answer.status in {403, 404, 405, 408, 413, 503}:
        headers.append(_CLOSE)  # the body may not have been read
    if answer.status == 405:  # noqa: PLR2004
        headers.append((b"allow", b"POST"))
    if answer.status == 415:  # noqa: PLR2004
        headers.append((b"accept-encoding", b"gzip"))
    if replayed:
        headers.append((b"idempotency-replayed", b"true"))
    await send({"type": "http.response.start", "status": answer.status, "headers": headers})
    await send({"type": "http.response.body", "body": answer.body})
