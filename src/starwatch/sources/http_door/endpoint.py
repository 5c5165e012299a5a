"""`POST /ratings` as an ASGI application: reads a request, puts it in, gives the answer."""

import asyncio
import time
from dataclasses import dataclass

import msgspec

from starwatch.sources.http_door.answers import Answer
from starwatch.sources.http_door.bodies import Messages, Refused, split, unpacked
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
from starwatch.sources.http_door.kept import Known, digest
from starwatch.sources.http_door.source import NOT_TAKEN, UNKNOWN, HttpSource
from starwatch.sources.http_door.waiting import Post

_LARGE = 1 << 18
"""Bodies from here on are unpacked and split in a thread, so that they hold up no other request."""

_LOOK_SECONDS = 0.01
"""How often it is looked whether the service has begun."""

_MOST_KEY = 255

BUSY = Answer(429, b'{"error":"too many ratings wait to be committed; post them again later"}', 0)
OTHER_BODY = Answer(
    422, b'{"error":"another body, or to another path, was posted with this Idempotency-Key"}', 0
)


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
        refuse_other_sites(headers)
        key = headers.get(b"idempotency-key")
        if sum(name == b"idempotency-key" for name, _ in scope["headers"]) > 1:
            raise Refused(400, "a post has one Idempotency-Key")
        if key is not None and not (
            0 < len(key) <= _MOST_KEY and key.isascii() and key.isprintable()
        ):
            raise Refused(
                400, f"an Idempotency-Key has 1 to {_MOST_KEY} printable ASCII characters"
            )
        return cls(
            path=scope["path"].removeprefix(scope.get("root_path", "")),
            content_type=headers.get(b"content-type", ""),
            encoding=headers.get(b"content-encoding", "").strip().lower(),
            length=length_of(headers),
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
        except Left:
            return
        self._source.posts[answer.status] += 1
        await respond(send, answer, replayed=replayed)

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
        limits = self._source.limits
        return await body_of(receive, request.length, limits.body_bytes, limits.read_seconds)
