"""How a run is asked to end."""

from contextlib import suppress
from threading import Lock


class Stop:
    """A request to end a run, which a signal handler may make at any moment.

    `threading.Event` may not be set there: a handler runs in the thread that waits, and where that
    holds the event's own lock just then, both wait for ever. A bare lock has no such moment.
    """

    def __init__(self) -> None:
        self._asked = False
        self._closed = Lock()
        self._closed.acquire()

    def is_set(self) -> bool:
        """Whether the run is to end."""
        return self._asked

    def set(self) -> None:
        """Ask for the end; a wait ends at once."""
        self._asked = True
        with suppress(RuntimeError):  # it is open already
            self._closed.release()

    def wait(self, seconds: float) -> None:
        """Wait so long, or until somebody asks for the end.

        A signal that comes in the instant before the wait may be noticed only behind it, so a wait
        should not be long.
        """
        if not self._asked:
            self._closed.acquire(timeout=seconds)
