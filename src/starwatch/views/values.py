"""What views answer: plain values with numpy columns."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from starwatch.admission.ledger import Books
from starwatch.journal.backfills import Backfill
from starwatch.journal.commit import Position
from starwatch.windows.job import Job
from starwatch.windows.spec import WindowSpec


@dataclass(frozen=True, slots=True)
class About:
    """A state as its last commit left it.

    Attributes:
        seq: Rises whenever anything that is visible has changed, also over restarts.
        identity: What tells the state from all others; empty before a run has named it.
        job: The rules; None before a run has begun.
        live: Whether it is of a service; else of a replay, whose clock is its own.
        finished: Whether the last input of all is committed.
        running: Whether a process writes now.
        watermark_ms: The watermark; None before there is one, and at the end of a replay.
        newest_ms: The newest window time of a rating; None before the first.
        newest_arrival_ms: When the newest rating arrived; None before the first.
        tiers_ms: Lengths of panes, rising.
        since_ms: By such length: of panes that start before, some were let go; None: none were.
        first_ms: Where the first pane starts; None before there is one.
        last_ms: Where the last one starts.
        products: Products that were rated.
        active: Those with a rating in the newest closed window, by window of the job.
        rate: Ratings that arrived a second, over the last ten, without those that had waited for
            the service; None while it works these off.
        catalogue: Whether products have names.
        books: Both books.
        sources: How far each source is, by its number.
        backfills: Files that were backfilled.
        trouble: Why the state cannot be read at the moment; empty where it can.
    """

    seq: int
    identity: str = ""
    job: Job | None = None
    live: bool = False
    finished: bool = False
    running: bool = False
    watermark_ms: int | None = None
    newest_ms: int | None = None
    newest_arrival_ms: int | None = None
    tiers_ms: tuple[int, ...] = ()
    since_ms: Mapping[int, int | None] = field(default_factory=dict)
    first_ms: int | None = None
    last_ms: int | None = None
    products: int = 0
    active: tuple[int, ...] = ()
    rate: float | None = 0.0
    catalogue: bool = False
    books: Books = field(default_factory=Books)
    sources: Mapping[int, Position] = field(default_factory=dict)
    backfills: Sequence[Backfill] = ()
    trouble: str = ""


@dataclass(frozen=True, slots=True)
class ProductQuery:
    """Which products, in which order.

    Attributes:
        window: Which window of the job, from 0.
        sort: `id`, `name`, `category`, `count`, `mean`, `change`, `score`, `rank`, `all_count`,
            `all_mean` or `last`, with `-` before it from the largest down. Ties go by rising id,
            and products that have no such value come last.
        q: Only products with this text in their id or name, whatever its case.
        category: Only those of this category; empty: those without one; None: all.
        low: Only those whose mean in the newest closed window is not below.
        high: Only those whose mean there is below, or equal if it is the highest star.
        active: Only those with a rating there, or only those without; None: all.
        offset: How many are left out.
        limit: How many are given at most.
    """

    window: int = 0
    sort: str = "-count"
    q: str = ""
    category: str | None = None
    low: float | None = None
    high: float | None = None
    active: bool | None = None
    offset: int = 0
    limit: int = 60


@dataclass(frozen=True, slots=True)
class ProductRows:
    """Products with their newest windows; columns of one length n.

    Attributes:
        id: Product ids.
        name: What they are called; empty: unknown.
        category: Which category they are in; empty: unknown.
        count: int64; ratings in the newest closed window.
        stars: int64, shape (n, steps); their histogram.
        mean: float64; their exact mean rounded half to even to 6 places; NaN without a rating.
        change: float64; how much that is more than the mean of the window one size earlier; NaN
            where either has no rating.
        open_count: int64; ratings so far in the open window that the newest rating is in.
        open_stars: int64, shape (n, steps); their histogram.
        trend: float64, shape (n, 24); means of the newest closed windows, the newest last.
        all_count: int64; all ratings.
        all_stars: int64, shape (n, steps); their histogram.
        all_mean: float64; as `mean`.
        score: float64; the honest score of all ratings (`starwatch.scores`).
        score_low: float64; the lower end of its interval.
        score_high: float64; the upper end.
        rank: int64; the place among all products, from 1, as of some seconds ago at most; 0 where
            the product is newer than that.
        first_ms: int64; where the first pane starts; of long ago to the day.
        last_ms: int64; where the last pane starts; of long ago to the day.
    """

    id: Sequence[str]
    name: Sequence[str]
    category: Sequence[str]
    count: NDArray[np.int64]
    stars: NDArray[np.int64]
    mean: NDArray[np.float64]
    change: NDArray[np.float64]
    open_count: NDArray[np.int64]
    open_stars: NDArray[np.int64]
    trend: NDArray[np.float64]
    all_count: NDArray[np.int64]
    all_stars: NDArray[np.int64]
    all_mean: NDArray[np.float64]
    score: NDArray[np.float64]
    score_low: NDArray[np.float64]
    score_high: NDArray[np.float64]
    rank: NDArray[np.int64]
    first_ms: NDArray[np.int64]
    last_ms: NDArray[np.int64]

    def __len__(self) -> int:
        """The number of products."""
        return len(self.id)


@dataclass(frozen=True, slots=True)
class ProductPage:
    """Some products in their order.

    Attributes:
        seq: As of which `About.seq`.
        window: Which windows.
        end_ms: Where the newest closed one ends; None before one has closed.
        open_end_ms: Where the open one ends; None before there is a rating.
        watermark_ms: As `About.watermark_ms`.
        total: How many products the query matches.
        offset: How many of them come before these.
        rows: The products.
    """

    seq: int
    window: WindowSpec | None
    end_ms: int | None
    open_end_ms: int | None
    watermark_ms: int | None
    total: int
    offset: int
    rows: ProductRows


@dataclass(frozen=True, slots=True)
class Overview:
    """All products of the newest closed window at a glance.

    Attributes:
        seq: As of which `About.seq`.
        window: Which windows.
        end_ms: Where the newest closed one ends; None before one has closed.
        low: float64; the lower edge of each bin, a quarter of a step wide.
        high: float64; the upper edge; the highest star is in the last bin.
        count: int64; how many products have their mean in each.
        categories: Categories by name; the empty one holds products without.
        category_products: int64; products of each that have a rating in the window.
        category_count: int64; ratings.
        category_stars: int64, shape (n, steps); their histogram.
        category_mean: float64; their exact mean rounded half to even to 6 places.
    """

    seq: int
    window: WindowSpec | None
    end_ms: int | None
    low: NDArray[np.float64]
    high: NDArray[np.float64]
    count: NDArray[np.int64]
    categories: Sequence[str]
    category_products: NDArray[np.int64]
    category_count: NDArray[np.int64]
    category_stars: NDArray[np.int64]
    category_mean: NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class WindowNow:
    """The newest closed window of one product for one spec, and the open one.

    Attributes:
        window: Which windows.
        end_ms: Where the newest closed one ends; None before one has closed.
        stars: int64, shape (steps,); its histogram.
        mean: Its exact mean rounded half to even to 6 places; None without a rating.
        open_end_ms: Where the open one ends; None before there is a rating.
        open_stars: int64, shape (steps,); its histogram so far.
    """

    window: WindowSpec
    end_ms: int | None
    stars: NDArray[np.int64]
    mean: float | None
    open_end_ms: int | None
    open_stars: NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class ProductNow:
    """One product.

    Attributes:
        seq: As of which `About.seq`.
        rated: Whether it has any rating; else only the catalogue knows it.
        row: Its row for the first window of the job.
        now: Its windows of every spec of the job.
    """

    seq: int
    rated: bool
    row: ProductRows
    now: Sequence[WindowNow]


@dataclass(frozen=True, slots=True)
class Histogram:
    """How many ratings of each value.

    Attributes:
        stars: int64, shape (steps,).
        mean: Their exact mean rounded half to even to 6 places; None without a rating.
    """

    stars: NDArray[np.int64]
    mean: float | None

    @property
    def count(self) -> int:
        """How many ratings."""
        return int(self.stars.sum())


@dataclass(frozen=True, slots=True)
class OpenWindow:
    """The window that the newest rating is in, so far.

    Attributes:
        end_ms: Where it ends.
        stars: Its histogram.
    """

    end_ms: int
    stars: Histogram


@dataclass(frozen=True, slots=True)
class Series:
    """The windows of one product over time; columns of one length n.

    Attributes:
        seq: As of which `About.seq`.
        product: Its id.
        window: Which windows.
        emitted: Whether they are as they were emitted, corrections included; else complete.
        tier_ms: Length of the panes that they were put together of.
        step_ms: Distance of two points: the slide, or a multiple of it.
        from_ms: No point ends before.
        to_ms: No point ends behind.
        since_ms: Windows that start before are not there, for some panes were let go; None: all.
        end_ms: int64, rising; windows without a rating are left out.
        stars: int64, shape (n, steps).
        mean: float64; exact means rounded half to even to 6 places.
        low: float64; the lower end of the band (`starwatch.scores.band`).
        high: float64; the upper end.
        corrected: bool; whether ratings came after the window was gone: the complete window has
            them, and the emitted one has not.
        open: The window that the newest rating is in; None where that is not after `from_ms`.
        all: All ratings of the product.
    """

    seq: int
    product: str
    window: WindowSpec
    emitted: bool
    tier_ms: int
    step_ms: int
    from_ms: int
    to_ms: int
    since_ms: int | None
    end_ms: NDArray[np.int64]
    stars: NDArray[np.int64]
    mean: NDArray[np.float64]
    low: NDArray[np.float64]
    high: NDArray[np.float64]
    corrected: NDArray[np.bool_]
    open: OpenWindow | None
    all: Histogram

    @property
    def count(self) -> NDArray[np.int64]:
        """int64; ratings of each window."""
        count: NDArray[np.int64] = self.stars.sum(axis=1)
        return count
