"""What one job computes: everything that its rows depend on, besides its input."""

from dataclasses import dataclass, field
from enum import StrEnum

from starwatch.errors import BadSetting
from starwatch.ratings.scale import Scale
from starwatch.windows.spec import WindowSpec


class WindowTime(StrEnum):
    """Which of a rating's two times decides its windows."""

    EVENT = "event"
    ARRIVAL = "arrival"


class Quiet(StrEnum):
    """What the clock does to the watermark when every partition is idle."""

    ADVANCE = "advance"
    WAIT = "wait"


class Duplicates(StrEnum):
    """What makes two ratings the same one."""

    OFF = "off"
    IDS = "ids"
    CONTENT = "content"  # rating ids where there are any, the content otherwise


@dataclass(frozen=True, slots=True)
class Job:
    """The rules of one job (architecture §4 to §6).

    Attributes:
        windows: The window specs, in the order in which their rows come.
        scale: The scale of stars.
        time: The window time.
        bound_ms: Out-of-orderness bound: how far the watermark stays behind the newest rating.
        lateness_ms: Allowed lateness L, the same for all specs.
        quiet: Whether the clock moves the watermark when every partition is idle.
        live: Whether arrival limits the watermark (`min` of §5); event-time replays say False.
        merged: Whether all partitions count as one, number 0; so in replays by event time.
        duplicates: What counts as a duplicate.
        horizon_ms: How long a rating is remembered, in window time behind the watermark.
        max_entries: How many ratings are remembered at most.
        oldest_ms: An event time before this is rejected; None: none is.
        ahead_ms: An event time further ahead of its arrival is rejected; None: none is.
        elsewhere: Whether another engine admits the ratings and makes the watermark: what it found
            stands in every batch, and nothing but its word moves the watermark.

    Raises:
        BadSetting: a bound, a lateness, a horizon or a number is below zero, no window is given, or
            one is given twice.
    """

    windows: tuple[WindowSpec, ...] = (WindowSpec(),)
    scale: Scale = field(default_factory=Scale)
    time: WindowTime = WindowTime.EVENT
    bound_ms: int = 5_000
    lateness_ms: int = 0
    quiet: Quiet = Quiet.ADVANCE
    live: bool = True
    merged: bool = False
    duplicates: Duplicates = Duplicates.OFF
    horizon_ms: int = 3_600_000
    max_entries: int = 4_000_000
    oldest_ms: int | None = None
    ahead_ms: int | None = None
    elsewhere: bool = False

    def __post_init__(self) -> None:
        """Refuse rules that cannot be."""
        if not self.windows:
            raise BadSetting("the job has no window", hint="Give at least one, such as 30s/5s")
        if len(set(self.windows)) < len(self.windows):
            raise BadSetting("the same window is given twice", hint="Give each window once")
        for name in ("bound_ms", "lateness_ms", "horizon_ms"):
            if getattr(self, name) < 0:
                raise BadSetting(f"{name} is below zero", hint="Give 0 or more")
        if self.elsewhere and self.lateness_ms:
            raise BadSetting(
                "another engine emits no corrections, so there is no allowed lateness",
                hint="Leave the allowed lateness at 0",
            )
        if self.max_entries < 1:
            raise BadSetting("max_entries is below one", hint="Give 1 or more")

    @property
    def largest_slide_ms(self) -> int:
        """The largest slide of all specs."""
        return max(w.slide_ms for w in self.windows)
