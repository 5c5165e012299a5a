"""What all streams share: they wake when something is committed, and look at it once for all."""

import asyncio
import itertools
import time
from collections import Counter, OrderedDict
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import msgspec

from starwatch.page.api.answers import Answers
from starwatch.page.api.status import CLOCKS, SHORT
from starwatch.page.sharing import Shared
from starwatch.page.stream.costs import EVERY_SECONDS, Costs, Pace
from starwatch.page.stream.deltas import changed_keys
from starwatch.page.stream.watches import Look, Watch

STATUS_SECONDS = 1.0
"""What changes without a commit, such as a lost connection, is noticed so soon."""

_ENCODER = msgspec.json.Encoder()
_EVENTS = 64


@dataclass(frozen=True, slots=True)
class Frame:
    """What was seen at one moment.

    Attributes:
        number: Tells frames apart.
        seq: The number of what is committed that it is as of.
        seen: When, by the monotonic clock.
        due: From when on one may be looked for that is newer.
        status: The short status.
        look: What a watch saw.
    """

    number: int
    seq: int
    seen: float
    due: float
    status: Mapping[str, Any]
    look: Look


class Hub:
    """Shared by all streams of a server; used from its event loop but for `close`.

    Args:
        answers: Where looks come from.
        pool: Threads that look.

    Attributes:
        closing: Whether streams are to end.
        tabs: How many streams there are.
    """

    def __init__(self, answers: Answers, pool: ThreadPoolExecutor) -> None:
        self.answers = answers
        self.closing = False
        self.tabs = 0
        self._pool = pool
        self._numbers = itertools.count(1)
        self._frames: Shared[Frame] = Shared(pool, self._is_current, most=_EVENTS)
        self._events: OrderedDict[tuple[int, int], bytes | None] = OrderedDict()
        self._watched: Counter[str] = Counter()
        self._costs = Costs()
        self._paces: dict[str, Pace] = {}
        self._status: tuple[int, float, dict[str, Any]] = (-1, 0.0, {})
        self._loop: asyncio.AbstractEventLoop | None = None
        self._awake = asyncio.Event()
        self._unlisten: Callable[[], None] | None = None

    @contextmanager
    def watched(self, key: str) -> Iterator[None]:
        """While a stream watches something."""
        self._loop = asyncio.get_running_loop()
        if self._unlisten is None:
            self._unlisten = self.answers.views.listen(self._committed)
        self.tabs += 1
        self._watched[key] += 1
        try:
            yield
        finally:
            self.tabs -= 1
            self._watched[key] -= 1
            if not self._watched[key]:
                del self._watched[key]
                self._costs.forget(f"look {key}")
                self._costs.forget(f"tell {key}")
                self._paces.pop(key, None)

    def as_frame(self, other: Frame, look: Look) -> Frame:
        """A frame of what one stream alone saw, otherwise as another one."""
        return replace(other, number=next(self._numbers), look=look)

    async def frame(self, key: str, watch: Watch) -> Frame:
        """The newest, in so far as it tells what changed."""
        return await self._frames.get(key, partial(self._see, key, watch.look))

    async def whole(self, key: str, watch: Watch) -> Frame:
        """The newest, whole."""
        if not watch.in_part:
            return await self.frame(key, watch)
        return await self._frames.get(f"whole {key}", partial(self._see, key, watch.whole))

    async def apart(self, look: Callable[[Answers], Any]) -> Any:
        """What a worker finds that only one stream needs."""
        return await asyncio.get_running_loop().run_in_executor(self._pool, look, self.answers)

    async def next(self, frame: Frame) -> bool:
        """Wait for something that may differ from a frame, or for the end.

        Returns:
            Whether to go on.
        """
        await self._rest(frame.due - time.monotonic())
        while not self.closing and self._is_current(frame):
            left = frame.seen + STATUS_SECONDS - time.monotonic()
            await self._woken(left)
        return not self.closing

    @property
    def interval(self) -> float:
        """Seconds between two events: more where all that is watched takes long to look at."""
        return self._costs.interval(self.tabs)

    def event(self, told: str, watch: Watch, before: Frame, after: Frame) -> bytes | None:
        """What a stream is told that was told a frame; None: nothing; encoded once for all."""
        key = (before.number, after.number)
        if key not in self._events:
            used = time.thread_time()
            self._events[key] = self._encoded(watch, before, after)
            self._costs.note(f"tell {told}", time.thread_time() - used)
            while len(self._events) > _EVENTS:
                self._events.popitem(last=False)
        return self._events[key]

    def close(self) -> None:
        """End all streams; from any thread, safe to call twice."""
        self.closing = True
        if self._unlisten is not None:
            self._unlisten()
            self._unlisten = None
        self._committed()

    def _encoded(self, watch: Watch, before: Frame, after: Frame) -> bytes | None:
        """A delta, or nothing; `full` is left to the caller where there can be no delta."""
        status = changed_keys(before.status, after.status, apart=("seq", *CLOCKS))
        told = watch.delta(before.look, after.look)
        if told is None:
            return FULL
        if not told and not status:
            return None
        return _ENCODER.encode({"status": status or _clocks(after.status), **told})

    def _see(self, key: str, look: Callable[[Answers], Look]) -> Frame:
        began, used = time.monotonic(), time.thread_time()
        seq = self.answers.views.seq
        status = self._short_status(seq, began)
        seen = look(self.answers)
        pace = Pace()
        if key in self._watched:
            pace = self._paces.setdefault(key, pace)
            self._costs.note(f"look {key}", time.thread_time() - used)
        due = pace.next(began, self.interval)
        return Frame(next(self._numbers), seq, began, due, status, seen)

    def _short_status(self, seq: int, now: float) -> dict[str, Any]:
        """The same for all that is looked at in one turn."""
        of, at, status = self._status
        if of != seq or now - at > EVERY_SECONDS:
            whole = self.answers.status({})
            status = {name: whole[name] for name in SHORT}
            self._status = (seq, now, status)
        return status

    def _is_current(self, frame: Frame) -> bool:
        now = time.monotonic()
        if now < frame.due:
            return True
        return frame.seq == self.answers.views.seq and now - frame.seen < STATUS_SECONDS

    def _committed(self, seq: int = 0) -> None:
        """Something was; called by the thread of the views."""
        del seq
        if self._loop is not None:
            with suppress(RuntimeError):  # the loop has ended
                self._loop.call_soon_threadsafe(self._wake)

    def _wake(self) -> None:
        self._awake.set()
        self._awake = asyncio.Event()

    async def _woken(self, seconds: float) -> None:
        with suppress(TimeoutError):
            async with asyncio.timeout(max(seconds, 0.001)):
                await self._awake.wait()

    async def _rest(self, seconds: float) -> None:
        """Wait so long whatever is committed, but not over the end."""
        until = time.monotonic() + seconds
        while not self.closing and (left := until - time.monotonic()) > 0:
            await self._woken(left)


FULL = b""
"""Stands for: tell the whole."""


def _clocks(status: Mapping[str, Any]) -> dict[str, Any]:
    return {name: status[name] for name in ("seq", *CLOCKS)}
