"""Whether a Kafka source has its connection, as far as librdkafka tells."""

from confluent_kafka import KafkaError

from starwatch.clients.kafka import DENIED, REFUSALS, reason
from starwatch.errors import SourceFailed
from starwatch.ports import Door

_ALL_DOWN = KafkaError._ALL_BROKERS_DOWN  # noqa: SLF001 - so librdkafka calls its own codes

_SURE = 2
"""Good signs in a row until a lost connection counts as found: one may be older than the loss."""


class Link:
    """The connection of one session; all of it is called by the source's thread.

    Args:
        door: Told of every change.
        name: What the source is called in errors.
    """

    def __init__(self, door: Door, name: str) -> None:
        self._door, self._name = door, name
        self._signs = 0
        self._failure: SourceFailed | None = None
        self.up = True

    def error(self, error: KafkaError) -> None:
        """The consumer tells of an error that belongs to no partition."""
        self.refusal(error)
        if error.code() == _ALL_DOWN:
            self._down()

    def refusal(self, error: KafkaError) -> None:
        """A client tells of an error: the other side may refuse for good."""
        if error.code() in REFUSALS:
            self.fail(SourceFailed(f"{self._name} refuses: {reason(error)}", hint=DENIED))

    def fail(self, failure: SourceFailed) -> None:
        """Something failed where nothing may be raised; `check` does."""
        self._failure = failure

    def check(self) -> None:
        """Raise what failed.

        Raises:
            SourceFailed: something did.
        """
        if self._failure is not None:
            raise self._failure

    def sign(self, *, good: bool) -> bool:
        """The brokers answer, or have not for a while; whether a lost connection is found now."""
        self._signs = self._signs + 1 if good else 0
        if not good:
            self._down()
        return self._signs >= _SURE and self.found()

    def found(self) -> bool:
        """There is a connection; whether it was lost before."""
        if self.up:
            return False
        self.up = True
        self._door.connected(value=True)
        return True

    def _down(self) -> None:
        self._signs = 0
        if self.up:
            self.up = False
            self._door.connected(value=False)
