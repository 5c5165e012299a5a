"""What a bridge did with what it took."""

from threading import Lock


class Books:
    """Counts of messages; may be used from any thread.

    `taken = delivered + refused + in hand`. `redelivered` stands outside: the other side said of so
    many that it gives them again. Of those, what this process has had already is not taken again.
    """

    def __init__(self) -> None:
        self._lock = Lock()
        self.taken = self.delivered = self.refused = self.redelivered = 0

    @property
    def in_hand(self) -> int:
        """Messages that were taken and are neither delivered nor refused."""
        with self._lock:
            return self.taken - self.delivered - self.refused

    def take(self) -> None:
        """A message was taken."""
        with self._lock:
            self.taken += 1

    def deliver(self) -> None:
        """The target acknowledged one."""
        with self._lock:
            self.delivered += 1

    def refuse(self) -> None:
        """One was written where refused ones go."""
        with self._lock:
            self.refused += 1

    def redeliver(self) -> None:
        """One was given again."""
        with self._lock:
            self.redelivered += 1

    def line(self) -> str:
        """All of them in one line."""
        with self._lock:
            left = self.taken - self.delivered - self.refused
            return (
                f"taken {self.taken:,}, delivered {self.delivered:,}, refused {self.refused:,},"
                f" in hand {left:,}; redelivered {self.redelivered:,}"
            )
