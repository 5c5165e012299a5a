"""A state as views read it: one object, any number of threads."""

import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from threading import Condition, Event, Lock
from typing import Any, Self

import numpy as np

from starwatch.errors import BadSetting
from starwatch.journal.catalogue import kept_catalogue
from starwatch.journal.lock import writer_of
from starwatch.journal.places import Places
from starwatch.views.current import TREND
from starwatch.views.drawing import draw_series, draw_stars
from starwatch.views.following import Follower
from starwatch.views.names import Names
from starwatch.views.picture import MEMORY_BYTES, Picture
from starwatch.views.products import Table, product_now
from starwatch.views.standing import Standings
from starwatch.views.values import (
    About,
    Histogram,
    Overview,
    ProductNow,
    ProductPage,
    ProductQuery,
    ProductRows,
    Series,
)
from starwatch.windows.spec import WindowSpec

_NONE = np.empty(0, np.int64)


class Views:
    """Follows a state, and answers what a page asks of it; used as a context.

    It shows what is committed, and reads it as any other program may: beside a run, after it, and
    where nothing may be written. All methods may be called from any thread.

    Args:
        directory: The state directory.
        committed: Set by a writer in this process with each commit, to be seen at once; without it
            commits are looked for five times a second.
        memory: Bytes of panes that are kept in memory at most; more lie in an unnamed temporary
            file.

    Raises:
        MissingInput: there is no state.
        BadState: it is broken.
        NewerState: a newer Starwatch made it.
    """

    def __init__(
        self, directory: Path, *, committed: Event | None = None, memory: int = MEMORY_BYTES
    ) -> None:
        self._places = Places(directory)
        self._changed, self._asking = Condition(), Lock()
        self._seq = time.time_ns() // 1_000_000  # rises over restarts too
        self._listeners: list[Callable[[int], None]] = []
        self._tables: dict[int, Table] = {}
        self._standings = Standings()
        self._names = Names(None)
        self._named: tuple[Picture, int] | None = None
        self._follower = Follower(directory, committed, self._moved, memory)
        self._follower.start()

    @classmethod
    def open(
        cls, directory: Path, *, committed: Event | None = None, memory: int = MEMORY_BYTES
    ) -> Self:
        """The same as the constructor, by the name that the rest of the project uses."""
        return cls(directory, committed=committed, memory=memory)

    def __enter__(self) -> Self:
        """It is open from the start."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close it."""
        self.close()

    def close(self) -> None:
        """Follow no more; safe to call twice."""
        self._follower.close()

    @property
    def seq(self) -> int:
        """A number that rises whenever anything that is visible has changed."""
        return self._seq

    @property
    def running(self) -> bool:
        """Whether a process writes now; one thread asks at a time, for who asks has the lock."""
        with self._asking:
            return writer_of(self._places.directory) is not None

    def wait(self, seq: int, seconds: float) -> int:
        """Wait until `seq` is another one, but not for ever; returns what it is then."""
        with self._changed:
            self._changed.wait_for(lambda: self._seq != seq, seconds)
        return self._seq

    def listen(self, listener: Callable[[int], None]) -> Callable[[], None]:
        """Have a function called with each new `seq`, by a thread of the views; keep it short.

        Returns:
            What ends it.
        """
        self._listeners.append(listener)

        def unlisten() -> None:
            with suppress(ValueError):
                self._listeners.remove(listener)

        return unlisten

    def about(self) -> About:
        """What the state is, and how far."""
        with self._follower.lock:
            moment, picture = self._follower.moment, self._follower.picture
            if moment is None or picture is None:
                return About(self._seq, trouble=self._follower.trouble)
            now = time.time_ns() // 1_000_000 if moment.live else None
            running = self.running
            catching_up = running and moment.catching_up
            active = [int(np.count_nonzero(table.columns.number("count"))) for table in self._all()]
            return About(
                seq=self._seq,
                identity=moment.identity,
                job=picture.job,
                live=moment.live,
                finished=moment.finished,
                running=running,
                watermark_ms=moment.shown_watermark_ms,
                newest_ms=picture.newest_ms,
                newest_arrival_ms=picture.arrivals.newest_ms,
                tiers_ms=moment.tiers,
                since_ms=moment.since_ms,
                first_ms=picture.first_ms,
                last_ms=picture.last_ms,
                products=len(picture.products),
                active=tuple(active),
                rate=None if catching_up else picture.arrivals.rate(now, moment.caught_up_ms),
                catalogue=self._names_of(picture).catalogue is not None,
                books=moment.books,
                sources=moment.sources,
                backfills=moment.backfills,
                trouble=self._follower.trouble,
            )

    def products(self, query: ProductQuery) -> ProductPage:
        """Some products in an order.

        Raises:
            BadSetting: there is no such window or sort.
        """
        with self._follower.lock:
            table = self._table(query.window)
            if table is not None:
                return table.page(query)
            return ProductPage(self._seq, None, None, None, None, 0, query.offset, _no_rows(0))

    def overview(self, query: ProductQuery) -> Overview:
        """All products at a glance; what a query asks of means and activity does not matter.

        Raises:
            BadSetting: there is no such window.
        """
        with self._follower.lock:
            table = self._table(query.window)
            if table is not None:
                return table.overview(query)
            none = _NONE.astype(float)
            stars = np.empty((0, 0), np.int64)
            return Overview(self._seq, None, None, none, none, _NONE, [], _NONE, _NONE, stars, none)

    def product(self, product_id: str) -> ProductNow | None:
        """One product; None where neither a rating nor the catalogue names it."""
        with self._follower.lock:
            picture = self._follower.picture
            if picture is None:
                return None
            code = picture.products.find(product_id)
            if code is not None:
                return product_now(self._all(), code)
            named = self._names_of(picture).of(product_id)
            if named is None:
                return None
            return ProductNow(self._seq, False, _unrated(product_id, named, picture), [])

    def categories(self) -> list[str]:
        """The categories of the products that were rated, in order; without the empty one."""
        with self._follower.lock:
            table = self._table(0)
            if table is None:
                return []
            return sorted(set(table.columns.categories.unique().to_pylist()) - {""})

    def series(
        self,
        product_id: str,
        window: WindowSpec,
        from_ms: int | None = None,
        to_ms: int | None = None,
        *,
        emitted: bool,
    ) -> Series:
        """The windows of one product that end in a span of time; only closed ones.

        Args:
            product_id: The product; one that is not known has no points.
            window: Which windows; any that kept panes divide.
            from_ms: The earliest end; None: that of the first window.
            to_ms: The latest end; None: that of the newest closed window.
            emitted: As they were emitted, corrections included; else complete.

        Raises:
            BadWindow: there are no panes for these windows; the nearest that can be drawn are said.
            BadState: a file is broken.
        """
        return draw_series(
            self._follower, self._seq, product_id, window, (from_ms, to_ms), emitted=emitted
        )

    def stars(
        self, product_id: str, from_ms: int | None = None, to_ms: int | None = None
    ) -> Histogram:
        """All ratings of a product in a span of time, to the shortest pane that is kept.

        Args:
            product_id: The product; one that is not known has none.
            from_ms: Panes that start there or later; None: all.
            to_ms: Panes that start before; None: all.

        Raises:
            BadState: a file is broken.
        """
        return draw_stars(self._follower, product_id, (from_ms, to_ms))

    def _moved(self) -> None:
        with self._follower.lock, self._changed:
            self._seq += 1
            self._tables.clear()
            self._changed.notify_all()
        for listener in list(self._listeners):
            listener(self._seq)

    def _table(self, window: int) -> Table | None:
        """The products for one window of the job, made once for each `seq`."""
        picture = self._follower.picture
        if picture is None:
            return None
        if not 0 <= window < len(picture.current):
            raise BadSetting(
                f"the job has no window number {window}",
                hint=f"It has {len(picture.current)}, from 0",
            )
        known = self._tables.get(window)
        if known is None:
            names, standing = self._names_of(picture), self._standings.of(picture)
            known = Table.of(picture, window, names, standing, self._seq)
            self._tables[window] = known
        return known

    def _all(self) -> list[Table]:
        """One for each window of the job."""
        picture = self._follower.picture
        number = 0 if picture is None else len(picture.current)
        return [table for table in map(self._table, range(number)) if table is not None]

    def _names_of(self, picture: Picture) -> Names:
        """The catalogue, read anew when another one was kept."""
        as_of = picture, picture.moment.catalogue
        if self._named != as_of:
            self._names, self._named = Names(kept_catalogue(self._places.database)), as_of
        return self._names


def _no_rows(steps: int) -> ProductRows:
    return ProductRows(*_row_columns([], ("", ""), steps))


def _unrated(product: str, named: tuple[str, str], picture: Picture) -> ProductRows:
    """The row of a product that only the catalogue knows."""
    return ProductRows(*_row_columns([product], named, picture.job.scale.steps))


def _row_columns(ids: list[str], named: tuple[str, str], steps: int) -> list[Any]:
    """Columns of products without a rating, in the order of `ProductRows`."""
    n = len(ids)
    none, zero = np.full(n, np.nan), np.zeros(n, np.int64)
    stars, trend = np.zeros((n, steps), np.int64), np.full((n, TREND), np.nan)
    names, categories = [named[0]] * n, [named[1]] * n
    return [
        *(ids, names, categories, zero, stars, none, none, zero, stars, trend, zero, stars),
        *(none, none, none, none, zero, zero, zero),
    ]
