"""What an export holds, as its files say themselves."""

from collections.abc import Mapping
from dataclasses import dataclass

from starwatch.ratings.durations import duration_label
from starwatch.ratings.scale import Scale

EMITTED = "as emitted: what came after a window was gone is left out"
COMPLETE = "complete: every rating by its window time, late ones too"


@dataclass(frozen=True, slots=True)
class About:
    """What an export holds.

    Attributes:
        windows: The labels of its windows, by the number of their spec.
        tiers: The length of the panes that each is drawn from, in milliseconds.
        emitted: Whether late ratings are left out where the window was gone.
        scale: The scale of its stars.
        names: Whether rows have a name and a category.
        begin: The earliest start of a window, in words.
        end: The latest end of one, in words.
        state: The state directory, as it was named.
    """

    windows: tuple[str, ...]
    tiers: tuple[int, ...]
    emitted: bool
    scale: Scale
    names: bool
    begin: str
    end: str
    state: str

    @property
    def values(self) -> str:
        """Which ratings its rows count."""
        return EMITTED if self.emitted else COMPLETE

    def facts(self) -> Mapping[str, str]:
        """All of it as pairs of texts."""
        panes = dict.fromkeys(map(duration_label, self.tiers))
        return {
            "values": self.values,
            "windows": ", ".join(self.windows),
            "panes": ", ".join(panes),
            "scale": self.scale.label,
            "from": self.begin,
            "to": self.end,
            "state": self.state,
        }
