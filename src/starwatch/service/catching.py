"""Whether a service still works off what waited for it before it came."""

from typing import Any

from starwatch.service.inbox import Told


class Catching:
    """Follows what sources say that know where their end is (`ports.BacklogReader`).

    What such a source hands over from its connection until it is first caught up has waited: it is
    backlog, and tells nothing of how fast ratings come. One that falls behind later does not count:
    what it hands over comes now.
    """

    def __init__(self) -> None:
        self._behind: set[int] = set()
        self._until_ms: int | None = None

    @property
    def facts(self) -> dict[str, Any]:
        """What a state says of it: whether it goes on, and when it last came to its end."""
        return {"catching_up": {"now": bool(self._behind), "until_ms": self._until_ms}}

    def told(self, told: Told, at_ms: int) -> bool:
        """Take what a source said; whether the facts are others now."""
        before = self.facts
        here = set(told.partitions)
        if told.what in {"join", "connected"} and told.value:
            if told.waited:
                self._behind |= here
        elif told.what == "caught_up":
            if told.value and here & self._behind:
                self._behind -= here
                self._until_ms = at_ms
        elif told.what != "reached":  # it left, or lost its connection
            self._behind -= here
        return self.facts != before
