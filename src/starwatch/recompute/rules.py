"""What a recomputation goes by: a job's rules as plain integers and words.

Nothing here comes from the folders that are to be proved, so a mistake there is not repeated here.
"""

from dataclasses import dataclass

COUNTED, DUPLICATE, LATE, REJECTED = range(4)
"""The classes of ratings, numbered as they are journalled."""

TOO_OLD, IN_FUTURE = "event_time_too_old", "event_time_in_future"
"""Why a rating is refused whose event time cannot be."""


@dataclass(frozen=True, slots=True)
class Windows:
    """The windows of one spec: `[start, end)`, ends at `offset_ms` plus multiples of the slide.

    Attributes:
        label: What its rows are called in files, as `30s/5s`.
        size_ms: Length of a window, a multiple of the slide.
        slide_ms: From one window to the next.
        offset_ms: Shift against the epoch.
    """

    label: str
    size_ms: int
    slide_ms: int
    offset_ms: int = 0

    @property
    def panes(self) -> int:
        """How many slides a window spans: to so many windows each rating belongs."""
        return self.size_ms // self.slide_ms


@dataclass(frozen=True, slots=True)
class Stars:
    """The steps of a scale, from the lowest up.

    Attributes:
        numerators: The value of each step times the denominator.
        denominator: What makes all of them whole.
        names: Each value as a column of a file is called, behind `stars_`.
    """

    numerators: tuple[int, ...] = (1, 2, 3, 4, 5)
    denominator: int = 1
    names: tuple[str, ...] = ("1", "2", "3", "4", "5")

    @property
    def columns(self) -> tuple[str, ...]:
        """The names of the columns that count each step."""
        return tuple(f"s{step}" for step in range(len(self.numerators)))


@dataclass(frozen=True, slots=True)
class Rules:
    """The rules of one job; architecture §4 to §6 says what each of them means.

    Attributes:
        windows: The specs, in the order in which their rows come.
        stars: The scale.
        by_arrival: Whether arrival is the window time, whatever event time a rating has.
        bound_ms: How far the watermark stays behind the newest rating.
        lateness_ms: How long a closed window still takes corrections.
        live: Whether arrival limits what moves the watermark.
        merged: Whether all partitions are one, number 0.
        duplicates: `off`, `ids` or `content`.
        horizon_ms: How far the watermark must be past a rating for it to be forgotten.
        max_entries: How many first arrivals are remembered.
        oldest_ms: An event time before this is refused.
        ahead_ms: An event time further ahead of its arrival is refused.
        elsewhere: Whether another engine told duplicates and watermarks: what is journalled of them
            is taken as it is, and ratings move nothing.
    """

    windows: tuple[Windows, ...]
    stars: Stars = Stars()
    by_arrival: bool = False
    bound_ms: int = 5_000
    lateness_ms: int = 0
    live: bool = True
    merged: bool = False
    duplicates: str = "off"
    horizon_ms: int = 3_600_000
    max_entries: int = 4_000_000
    oldest_ms: int | None = None
    ahead_ms: int | None = None
    elsewhere: bool = False
