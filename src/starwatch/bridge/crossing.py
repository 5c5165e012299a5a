"""The way of one message: converted, sent on, or kept as refused; then whoever gave it is told."""

from collections.abc import Callable
from functools import partial
from threading import Lock

from starwatch.bridge.books import Books
from starwatch.bridge.formats import Format
from starwatch.bridge.parcels import Parcel, Target
from starwatch.bridge.refused import Refusal, RefusedFile
from starwatch.codecs.convert_record import Unreadable

MOST = 1000
"""Messages in hand at most: with more Kafka is hardly faster, and each may come twice."""

MOST_BYTES = 64 << 20
"""Bytes in hand at most, but for one message."""


class Crossing:
    """Takes messages on; may be used from any thread.

    Args:
        form: What a message becomes.
        target: Where it goes.
        refused: Where it goes otherwise.
        books: What is counted.
        keyed: Whether the product is the key.
    """

    def __init__(
        self, form: Format, target: Target, refused: RefusedFile, books: Books, *, keyed: bool
    ) -> None:
        self._form = form
        self._target = target
        self._refused = refused
        self._keyed = keyed
        self.books = books

        self._lock = Lock()
        self._messages = self._bytes = 0

    @property
    def full(self) -> bool:
        """Whether nothing more should be taken for now."""
        return self._messages >= MOST or self._bytes >= MOST_BYTES

    @property
    def empty(self) -> bool:
        """Whether nothing is in hand."""
        return not self._messages

    def take(
        self, payload: bytes, origin: str, done: Callable[[str], None], *, spoilt: str = ""
    ) -> None:
        """Take a message on; never waits.

        Args:
            payload: The message.
            origin: Where from: a topic, a path.
            done: Called once, by any thread, when it may be acknowledged; with the reason where it
                was refused and kept, else with nothing. Neither blocks nor raises.
            spoilt: Why it is to be refused, where that is known already.
        """
        self.books.take()
        with self._lock:
            self._messages += 1
            self._bytes += len(payload)
        settled = partial(self._settled, payload, origin, done)
        if spoilt:
            settled(spoilt)
            return
        try:
            made = self._form(payload)
        except Unreadable as error:
            settled(str(error))
            return
        key = made.key if self._keyed else None
        self._target.send(Parcel(payload, made.value, key, settled))

    def _settled(
        self, payload: bytes, origin: str, done: Callable[[str], None], reason: str
    ) -> None:
        finished = partial(self._finished, len(payload), done, reason)
        if reason:
            self._refused.put(Refusal(payload, origin, reason, finished))
        else:
            finished()

    def _finished(self, size: int, done: Callable[[str], None], reason: str) -> None:
        with self._lock:
            self._messages -= 1
            self._bytes -= size
        if reason:
            self.books.refuse()
        else:
            self.books.deliver()
        done(reason)
