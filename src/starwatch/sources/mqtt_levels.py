"""When the partitions of an MQTT source are caught up (architecture §5).

MQTT never says that nothing waits at the broker. What can be seen: everything that came was read,
and fewer messages wait for their answer than the broker may send without one, so it would have sent
more if it had more. A partition of which nothing came for a second in which that held is caught up.
"""

import time
from collections.abc import Callable

from starwatch.ports import Door

_SECONDS = 1.0


class Levels:
    """Tells the door what is caught up.

    Args:
        door: Whom to tell.
        clock: Seconds that never go back.
    """

    def __init__(self, door: Door, clock: Callable[[], float] = time.monotonic) -> None:
        self._door = door
        self._clock = clock
        self._behind = clock()
        self._came: dict[str, float] = {}
        self._told: set[int] = set()

    def came(self, name: str) -> None:
        """Something came by a partition."""
        self._came[name] = self._clock()

    def behind(self) -> None:
        """More may wait than was read: nothing is caught up."""
        self._behind = self._clock()
        for number in sorted(self._told):
            self._door.caught_up(number, value=False)
        self._told.clear()

    def tell(self) -> None:
        """Tell what is caught up by now."""
        since = self._clock() - _SECONDS
        if self._behind > since:
            return
        for name, number in self._door.partitions().items():
            if number not in self._told and self._came.get(name, self._behind) <= since:
                self._told.add(number)
                self._door.caught_up(number, value=True)
