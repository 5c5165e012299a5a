"""Work that several ask for at once is done once, in threads of its own; the newest is kept."""

import asyncio
from collections import OrderedDict
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Generic, TypeVar

T = TypeVar("T")


class Shared(Generic[T]):
    """Results by key; used from one event loop.

    Args:
        pool: Where work is done.
        current: Whether a result is still what would come out now.
        size: Of a result, in bytes.
        most_bytes: Of all results that are kept; the longest unused go first.
        most: How many are kept.
    """

    def __init__(
        self,
        pool: ThreadPoolExecutor,
        current: Callable[[T], bool],
        *,
        size: Callable[[T], int] = lambda _: 0,
        most_bytes: int = 16 << 20,
        most: int = 128,
    ) -> None:
        self._pool = pool
        self._current = current
        self._size, self._most_bytes, self._most = size, most_bytes, most
        self._kept: OrderedDict[str, T] = OrderedDict()
        self._bytes = 0
        self._under_way: dict[str, asyncio.Future[T]] = {}

    async def get(self, key: str, make: Callable[[], T]) -> T:
        """The result for a key: kept, under way, or made now."""
        kept = self._kept.get(key)
        if kept is not None and self._current(kept):
            self._kept.move_to_end(key)
            return kept
        under_way = self._under_way.get(key)
        if under_way is None:
            loop = asyncio.get_running_loop()
            under_way = loop.run_in_executor(self._pool, make)
            self._under_way[key] = under_way
            under_way.add_done_callback(lambda done: self._made(key, done))
        return await asyncio.shield(under_way)

    def _made(self, key: str, done: "asyncio.Future[T]") -> None:
        del self._under_way[key]
        if done.cancelled() or done.exception() is not None:
            return
        self._let_go(key)
        result = done.result()
        self._kept[key] = result
        self._bytes += self._size(result)
        while len(self._kept) > 1 and (
            self._bytes > self._most_bytes or len(self._kept) > self._most
        ):
            self._let_go(next(iter(self._kept)))

    def _let_go(self, key: str) -> None:
        if key in self._kept:
            self._bytes -= self._size(self._kept.pop(key))
