"""How a run is asked to end."""

from queue import Empty, SimpleQueue


class Stop:
    """A request to end a run, which a signal handler may make at any moment.

    `threading.Event` may not: a handler runs in the thread that waits, and where that holds the
    event's lock just then, both wait for ever. `SimpleQueue.put` is made for this.
    """

    def __init__(self) -> None:
        self._asked = False
        self._wake: SimpleQueue[None] = SimpleQueue()

    def is_set(self) -> bool:
        """Whether the run is to end."""
        return self._asked

    def set(self) -> None:
        """Ask for the end; a wait ends at once."""
        self._asked = True
        self._wake.put(None)

    def wait(self, seconds: float) -> None:
        """Wait so long, or until somebody asks for the end."""
        if not self._asked:
            try:
                self._wake.get(timeout=seconds)
            except Empty:
                return
