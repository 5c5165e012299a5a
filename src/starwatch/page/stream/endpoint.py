"""`/api/v1/stream`: server-sent events, one connection a tab.

A connection pulls: when the socket has taken its last event, it waits until something was
committed, looks, and tells what changed since what it told last. So a tab that reads slowly, or
sleeps, gets fewer events; nothing is queued for it.
"""

import time
from collections.abc import AsyncIterator

import msgspec
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse

from starwatch.page.api.routes import refusal
from starwatch.page.stream.hub import FULL, Frame, Hub
from starwatch.page.stream.watches import Place, Watch, watch_of

QUIET_SECONDS = 15.0
"""A comment goes out when nothing else did for so long, so that no proxy cuts the connection."""

MOST_TABS = 500

_HEADERS = {
    "Cache-Control": "no-store",
    "X-Accel-Buffering": "no",  # nginx would hold events back
}
_RETRY_MS = 1000
_ENCODER = msgspec.json.Encoder()


class Stream:
    """Answers it.

    Args:
        hub: What all streams share.
    """

    def __init__(self, hub: Hub) -> None:
        self._hub = hub

    async def answer(self, request: Request) -> Response:
        """A stream, or why there is none."""
        if self._hub.tabs >= MOST_TABS or self._hub.closing:
            return JSONResponse(
                {"error": "too many tabs are open" if not self._hub.closing else "it stops"},
                status_code=503,
                headers={"Retry-After": "5"},
            )
        query = request.scope["query_string"]
        try:
            watch = await self._hub.apart(lambda answers: watch_of(query, answers))
            opening = _Opening(self._hub, query.decode("latin-1"), watch)
            await opening.see(request.headers.get("last-event-id", ""))
        except Exception as error:  # noqa: BLE001 - it becomes an answer, or is raised again
            return refusal(error)
        return StreamingResponse(
            self._events(opening), media_type="text/event-stream", headers=_HEADERS
        )

    async def _events(self, opening: "_Opening") -> AsyncIterator[bytes]:
        hub, watch, key = self._hub, opening.watch, opening.key
        told, event = opening.frame, opening.event
        with hub.watched(key):
            yield f"retry: {_RETRY_MS}\n\n".encode() + event
            del event, opening
            spoke = time.monotonic()
            seen = told
            while await hub.next(seen):
                seen = await hub.frame(key, watch)
                data = hub.event(key, watch, told, seen)
                if data is FULL:
                    told = seen = await hub.whole(key, watch) if watch.in_part else seen
                    yield _event("full", told, watch, _full(watch, told))
                elif data is not None:
                    told = seen
                    yield _event("delta", told, watch, data)
                elif time.monotonic() - spoke < QUIET_SECONDS:
                    continue
                else:
                    yield b":\n\n"
                spoke = time.monotonic()


class _Opening:
    """What a stream begins with.

    Attributes:
        key: What tells this watch from others.
        watch: It.
        frame: What the first event tells.
        event: The first event.
    """

    def __init__(self, hub: Hub, key: str, watch: Watch) -> None:
        self.key, self.watch = key, watch
        self.event = b""
        self._hub = hub

    async def see(self, last_id: str) -> None:
        """Look: from where a tab left off, where that can be; else at all of it."""
        place = _place(last_id, self._hub.answers.views.about().identity)
        if place is not None and (resumed := await self._resumed(place)):
            self.frame, told = resumed
            data = _ENCODER.encode({"status": self.frame.status, **told})
            self.event = _event("delta", self.frame, self.watch, data)
            return
        self.frame = await self._hub.whole(self.key, self.watch)
        self.event = _event("full", self.frame, self.watch, _full(self.watch, self.frame))

    async def _resumed(self, place: Place) -> "tuple[Frame, dict[str, object]] | None":
        frame = await self._hub.frame(self.key, self.watch)
        found = await self._hub.apart(lambda answers: self.watch.resumed(answers, place))
        if found is None:
            return None
        look, told = found
        return self._hub.as_frame(frame, look), told


def _full(watch: Watch, frame: Frame) -> bytes:
    return _ENCODER.encode({"status": frame.status, **watch.full(frame.look)})


def _event(kind: str, frame: Frame, watch: Watch, data: bytes) -> bytes:
    """One event; JSON has no line end in it."""
    identity = frame.status["identity"]
    place = watch.place(frame.look)
    end = f".{place.end_ms}.{place.step_ms}" if place else ""
    head = f"event: {kind}\nid: {identity}.{frame.seq}{end}\ndata: "
    return head.encode() + data + b"\n\n"


def _place(last_id: str, identity: str) -> Place | None:
    """How far a tab is, by the id of the last event that it got; None: unknown, or of another."""
    parts = last_id.split(".")
    if len(parts) != 4 or parts[0] != identity:  # noqa: PLR2004 - as `_event` writes it
        return None
    try:
        return Place(int(parts[2]), int(parts[3]))
    except ValueError:
        return None
