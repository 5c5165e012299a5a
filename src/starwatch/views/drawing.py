"""Series and histograms of one product, out of files and of what no file holds yet."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from starwatch.errors import BadState
from starwatch.history.drawable import tier_of
from starwatch.journal.pane_files import PaneFile
from starwatch.ratings.scale import Scale
from starwatch.scores.band import band
from starwatch.scores.posterior import star_shares
from starwatch.views.blocks import Block
from starwatch.views.following import Follower
from starwatch.views.means import mean, means
from starwatch.views.past import PaneReader
from starwatch.views.picture import Picture
from starwatch.views.series import points, stride
from starwatch.views.values import Histogram, OpenWindow, Series
from starwatch.windows.spec import WindowSpec

_ATTEMPTS = 5
"""Files may be let go while they are read; what is there then is read."""

_Found = TypeVar("_Found")

_ANY_TIME = 1 << 60
"""Beyond every time."""

Span = tuple[int | None, int | None]


@dataclass(frozen=True, slots=True)
class _Known:
    """What is known of one product at one moment; read under the follower's lock, used without.

    Attributes:
        product: Its id.
        reader: Reads files.
        sources: By length of panes: the files of them, and the panes that no file holds.
        total: Its all-time histogram.
    """

    product: str
    reader: PaneReader
    sources: Mapping[int, tuple[Sequence[PaneFile], Block]]
    total: NDArray[np.int64]

    @classmethod
    def of(
        cls, picture: Picture, reader: PaneReader, product: str, tiers: Iterable[int]
    ) -> "_Known":
        """What a picture knows of a product, in panes of some lengths."""
        steps = picture.job.scale.steps
        code = picture.products.find(product)
        if code is None:
            return cls(product, reader, {}, np.zeros(steps, np.int64))
        sources = {}
        for tier in tiers:
            files = [file for file in picture.moment.files if file.tier_ms == tier]
            newest = picture.unfiled[picture.bases.base_of(tier)].of_product(code)
            sources[tier] = (files, Block.concat([Block.empty(steps), *newest]))
        total = picture.totals.stars(len(picture.products))[code].copy()
        return cls(product, reader, sources, total)

    def panes(self, tier_ms: int, from_ms: int, upto_ms: int) -> Block:
        """Its panes that start in a span of time; a key may come repeatedly."""
        if tier_ms not in self.sources:
            return Block.empty(len(self.total))
        files, newest = self.sources[tier_ms]
        inside = (newest.start_ms >= from_ms) & (newest.start_ms < upto_ms)
        filed = self.reader.of_product(files, self.product, from_ms, upto_ms)
        return Block.concat([filed, newest.take(inside)])


def draw_series(  # noqa: PLR0913
    follower: Follower, seq: int, product: str, spec: WindowSpec, span: Span, *, emitted: bool
) -> Series:
    """As `Views.series`."""

    def look(picture: Picture, reader: PaneReader) -> Callable[[], Series]:
        tier = tier_of(spec, picture.moment.tiers)
        known = _Known.of(picture, reader, product, [tier])
        numbers = _numbers(picture, spec, tier, span)
        still_open = picture.open(spec)
        lateness, scale = picture.job.lateness_ms, picture.job.scale
        since = picture.moment.since_ms.get(tier)
        shares = star_shares(picture.totals.stars(len(picture.products)))

        def draw() -> Series:
            first, last = numbers
            every = stride(first, last)
            upto = last if still_open is None else max(last, still_open)
            panes = known.panes(tier, spec.end_ms(first) - spec.size_ms, spec.end_ms(upto))
            found = points(panes, spec, numbers, every=every, lateness_ms=lateness, emitted=emitted)
            low, high = band(found.stars, shares, scale)
            return Series(
                seq=seq,
                product=product,
                window=spec,
                emitted=emitted,
                tier_ms=tier,
                step_ms=every * spec.slide_ms,
                from_ms=spec.end_ms(first),
                to_ms=spec.end_ms(last),
                since_ms=since,
                end_ms=found.end_ms,
                stars=found.stars,
                mean=means(found.stars, scale),
                low=low,
                high=high,
                corrected=found.corrected,
                open=_open(panes, still_open, spec, scale, lateness),
                all=Histogram(known.total, mean(known.total, scale)),
            )

        return draw

    return _again(follower, look) or _nothing(seq, product, spec, span, emitted=emitted)


def draw_stars(follower: Follower, product: str, span: Span) -> Histogram:
    """As `Views.stars`."""

    def look(picture: Picture, reader: PaneReader) -> Callable[[], Histogram]:
        tiers = picture.moment.tiers
        known = _Known.of(picture, reader, product, tiers)
        scale = picture.job.scale

        def draw() -> Histogram:
            stars = np.zeros_like(known.total)
            for tier, from_ms, upto_ms in covered(*_whole(span), tiers):
                panes = known.panes(tier, from_ms, upto_ms)
                stars += panes.stars.sum(axis=0, dtype=np.int64)
            return Histogram(stars, mean(stars, scale))

        return draw

    return _again(follower, look) or Histogram(np.zeros(0, np.int64), None)


def covered(from_ms: int, upto_ms: int, tiers: Iterable[int]) -> list[tuple[int, int, int]]:
    """A span of time as spans of panes, the longest that there are; the edges of the shortest.

    Args:
        from_ms: Where it starts.
        upto_ms: Where it ends.
        tiers: Lengths of panes.

    Returns:
        Length of panes, earliest start, and behind the latest one.

    >>> covered(30, 250, [1, 60])
    [(60, 60, 240), (1, 30, 60), (1, 240, 250)]
    """
    rising = sorted(tiers)
    if from_ms >= upto_ms:
        return []
    if len(rising) == 1:
        return [(rising[0], from_ms, upto_ms)]
    tier = rising[-1]
    first, last = -(-from_ms // tier) * tier, upto_ms // tier * tier
    if first >= last:
        return covered(from_ms, upto_ms, rising[:-1])
    before, behind = (
        covered(from_ms, first, rising[:-1]),
        covered(last, upto_ms, rising[:-1]),
    )
    return [(tier, first, last), *before, *behind]


def _whole(span: Span) -> tuple[int, int]:
    from_ms, upto_ms = span
    return (
        -_ANY_TIME if from_ms is None else from_ms,
        _ANY_TIME if upto_ms is None else upto_ms,
    )


def _again(
    follower: Follower, look: Callable[[Picture, PaneReader], Callable[[], _Found]]
) -> _Found | None:
    """Look under the lock, draw without; anew where files were let go meanwhile.

    Returns:
        What was drawn; None before a run has begun.
    """
    for _ in range(_ATTEMPTS):
        with follower.lock:
            picture, reader = follower.picture, follower.reader
            if picture is None or reader is None:
                return None
            draw = look(picture, reader)
        try:
            return draw()
        except FileNotFoundError as error:
            gone = error.filename
            follower.look()
    raise BadState(f"{gone} is not there", hint="Restore a backup of the state")


def _numbers(picture: Picture, spec: WindowSpec, tier: int, span: Span) -> tuple[int, int]:
    """The first window that is drawn, and the last one; only closed ones, whose panes are there."""
    last = picture.last_closed(spec)
    if last is None or picture.first_ms is None:
        return 1, 0
    first = spec.last_end_at(picture.first_ms) + 1
    since = picture.moment.since_ms.get(tier)
    if since is not None:
        first = max(first, _first_from(spec, since + spec.size_ms))
    if span[0] is not None:
        first = max(first, _first_from(spec, span[0]))
    if span[1] is not None:
        last = min(last, spec.last_end_at(span[1]))
    return first, max(last, first - 1)


def _first_from(spec: WindowSpec, time_ms: int) -> int:
    """The first window with end >= time."""
    return -((spec.offset_ms - time_ms) // spec.slide_ms)


def _open(
    panes: Block, number: int | None, spec: WindowSpec, scale: Scale, lateness_ms: int
) -> OpenWindow | None:
    if number is None:
        return None
    found = points(panes, spec, (number, number), lateness_ms=lateness_ms, emitted=True)
    if not len(found.end_ms):
        return None
    return OpenWindow(spec.end_ms(number), Histogram(found.stars[0], mean(found.stars[0], scale)))


def _nothing(seq: int, product: str, spec: WindowSpec, span: Span, *, emitted: bool) -> Series:
    """The series where no run has begun."""
    none, stars = np.empty(0), np.empty((0, 0), np.int64)
    return Series(
        seq=seq,
        product=product,
        window=spec,
        emitted=emitted,
        tier_ms=0,
        step_ms=spec.slide_ms,
        from_ms=span[0] or 0,
        to_ms=span[1] or 0,
        since_ms=None,
        end_ms=none.astype(np.int64),
        stars=stars,
        mean=none,
        low=none,
        high=none,
        corrected=none.astype(bool),
        open=None,
        all=Histogram(np.zeros(0, np.int64), None),
    )
