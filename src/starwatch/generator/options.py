"""What a made-up shop is like."""

from collections.abc import Callable
from dataclasses import dataclass, field
from math import isfinite

from starwatch.errors import BadSetting
from starwatch.ratings.durations import duration_label, moment_label
from starwatch.ratings.scale import Scale

START_MS = 1_767_225_600_000
"""2026-01-01T00:00:00Z."""

MAX_PRODUCTS = 10_000_000
MAX_REVIEWERS = 10_000_000
MAX_RATE = 1_000_000
_DAY_MS = 86_400_000
_RHYTHM_FROM_MS = 6 * 3_600_000
_BLOCK_RATINGS = 65_536
_TIME_LIMIT_MS = 8_000_000_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class ShopOptions:
    """What a made-up shop is like; the same options give the same ratings.

    Args:
        products: How many products it sells.
        rate: Ordinary ratings a second, on average over the span; incidents, duplicates and
            malformed rows come on top.
        span_ms: Event times lie in [start_ms, start_ms + span_ms); None: the shop never closes.
        seed: What decides everything that is left to chance; at least 0.
        start_ms: UTC epoch milliseconds of the opening.
        scale: The scale of stars.
        zipf: Exponent of the popularity: the product of rank k is rated in proportion to k^-zipf.
        reviewers: Size of the pool of reviewers; None: five a product, within 1,000 and 1 million.
        rhythm: Whether the rate follows the hour of the day; None: only for spans over six hours.
        disorder_ms: Each rating arrives up to this much after its event time.
        duplicates: How many exact repeats are added, as a share of the ratings.
        malformed: How many broken rows are added, as a share of the ratings.
        stragglers: The share of ordinary ratings that arrive one to two minutes late, whatever the
            disorder, as from a phone that was in a tunnel.
        incidents: How many incidents are spread over the span.
        incident_every_ms: One incident in each such stretch, instead of `incidents`; without a
            span the only way to have some.

    Raises:
        BadSetting: a value that cannot be.
    """

    products: int = 1000
    rate: float = 100.0
    span_ms: int | None = None
    seed: int = 1
    start_ms: int = START_MS
    scale: Scale = field(default_factory=Scale)
    zipf: float = 1.1
    reviewers: int | None = None
    rhythm: bool | None = None
    disorder_ms: int = 0
    duplicates: float = 0.0
    malformed: float = 0.0
    stragglers: float = 0.0
    incidents: int = 0
    incident_every_ms: int | None = None

    def __post_init__(self) -> None:
        """Refuse what cannot be."""
        _within("products", self.products, 1, MAX_PRODUCTS)
        _within("reviewers", self.pool, 1, MAX_REVIEWERS)
        _within("rate", self.rate, 1e-6, MAX_RATE)
        _within("seed", self.seed, 0, 2**64 - 1)
        _within("zipf", self.zipf, 0, 10)
        _within("disorder", self.disorder_ms, 0, 366 * _DAY_MS, duration_label)
        _within("duplicates", self.duplicates, 0, 1)
        _within("malformed", self.malformed, 0, 1)
        _within("stragglers", self.stragglers, 0, 1)
        _within("start", self.start_ms, 0, _TIME_LIMIT_MS, moment_label)
        _within("incidents", self.incidents, 0, 100_000)
        if self.span_ms is not None:
            _within("for", self.span_ms, 1, 100 * 366 * _DAY_MS, duration_label)
        if self.incident_every_ms is not None:
            _within("incident-every", self.incident_every_ms, 1000, 366 * _DAY_MS, duration_label)
        if self.incidents and self.span_ms is None:
            raise BadSetting(
                "an endless shop has no span to spread incidents over", hint="Give their distance"
            )
        if self.incidents and self.span_ms is not None and self.span_ms < 1000 * self.incidents:
            raise BadSetting(
                f"{self.incidents} incidents do not fit into the span",
                hint="Give each at least one second, by --for or --incidents",
            )

    @property
    def pool(self) -> int:
        """The number of reviewers that the shop knows."""
        if self.reviewers is not None:
            return self.reviewers
        return min(max(5 * self.products, 1000), 1_000_000)

    @property
    def has_rhythm(self) -> bool:
        """Whether the rate follows the hour of the day."""
        if self.rhythm is not None:
            return self.rhythm
        return self.span_ms is not None and self.span_ms > _RHYTHM_FROM_MS

    @property
    def block_ms(self) -> int:
        """The stretch of event time whose ratings are drawn together.

        It follows from the rate alone, so that ratings never depend on how they are cut for
        reading: about 65,536 ratings, which fit a processor's cache, and at most a day.
        """
        return min(max(round(_BLOCK_RATINGS * 1000 / self.rate), 1), _DAY_MS)

    @property
    def incident_slot_ms(self) -> int:
        """The stretch that holds one incident each; 0 without incidents."""
        if self.incident_every_ms is not None:
            return self.incident_every_ms
        if self.incidents and self.span_ms is not None:
            return self.span_ms // self.incidents
        return 0


def _within(
    name: str, value: float, lowest: float, highest: float, text: Callable[[int], str] | None = None
) -> None:
    if not isfinite(value) or not lowest <= value <= highest:
        shown, low, high = (
            f"{number:,}" if text is None else text(int(number))
            for number in (value, lowest, highest)
        )
        raise BadSetting(
            f"--{name} {shown} is not possible", hint=f"It lies within {low} to {high}"
        )
