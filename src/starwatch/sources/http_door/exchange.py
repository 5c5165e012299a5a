"""One request and its answer over ASGI, as every door that takes posts reads and writes them."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, MutableMapping
from typing import Any

from starwatch.sources.http_door.answers import Answer
from starwatch.sources.http_door.bodies import Refused

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]

_RETRY = (b"retry-after", b"1")
_CLOSE = (b"connection", b"close")


class Left(Exception):
    """The client went away before its body was whole."""


def refuse_other_sites(headers: Mapping[bytes, str]) -> None:
    """A browser says whose page it is that posts.

    Raises:
        Refused: it is another site's (403).
    """
    origin, host = headers.get(b"origin"), headers.get(b"host", "")
    if origin is not None and origin.partition("://")[2] != host:
        raise Refused(403, "another site's page may not post ratings here")


def length_of(headers: Mapping[bytes, str]) -> int:
    """How long a body says that it is; 0 where it says nothing."""
    length = headers.get(b"content-length", "0")
    return int(length) if length.isdecimal() else 0


async def body_of(receive: Receive, length: int, limit: int, seconds: float) -> bytes:
    """The body of a request.

    Args:
        receive: As ASGI has it.
        length: What the head said of it.
        limit: Bytes that it may have.
        seconds: How long it may take to arrive.

    Raises:
        Refused: it is too large (413), or took too long (408).
        Left: the client went away.
    """
    if length > limit:
        raise _too_large(limit)
    try:
        async with asyncio.timeout(seconds):
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
            raise Left
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


async def respond(send: Send, answer: Answer, *, replayed: bool = False) -> None:
    """Give an answer.

    Args:
        send: As ASGI has it.
        answer: The answer.
        replayed: Whether it was given before.
    """
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
