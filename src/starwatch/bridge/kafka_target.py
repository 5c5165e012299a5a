"""Messages to a topic of Kafka, each settled when the brokers have acknowledged it."""

import logging
from functools import partial
from itertools import count
from threading import Event, Lock, Thread

from confluent_kafka import KafkaError, KafkaException, Message, Producer

from starwatch.bridge.parcels import Parcel
from starwatch.clients.kafka import REFUSALS, Address, code, read_address, reason
from starwatch.clients.kafka_producer import OWNED, patient_producer
from starwatch.errors import BadSetting, OutputFailed
from starwatch.service.pauses import Pauses

_LOG = logging.getLogger(__name__)

_LOOK_SECONDS = 0.1

_NEVER = {KafkaError.MSG_SIZE_TOO_LARGE, KafkaError.INVALID_RECORD}
"""What is said of messages that the topic will never take; but of all in a batch, good ones too."""

_MOST_QUEUED = {"queue_buffering_max_messages": 100_000, "queue_buffering_max_kbytes": 1 << 21}
"""Far more than is ever in hand: `produce` always takes a message."""

_BOUNDS = ("queue.buffering.max.messages", "queue.buffering.max.kbytes")


class KafkaTarget:
    """One topic; by an idempotent producer, which begins anew where it cannot go on.

    Guarantee: as `Target`; messages with one key stay in one partition and, but behind an error
    that ended the producer, in their order.

    Args:
        address: The cluster and one topic.
    """

    def __init__(self, address: Address) -> None:
        self.name = address.name
        self.failure: OutputFailed | None = None
        self._address = address
        (self._topic,) = address.topics
        self._producer = self._made()
        self._single: Producer | None = None

        self._lock = Lock()
        self._numbers = count()
        self._pending: dict[int, Parcel] = {}
        self._round = 0
        self._broken = self._said = ""
        self._away = self._took = False
        self._closing = Event()
        self._thread = Thread(target=self._run, name="kafka-target", daemon=True)
        self._thread.start()

    def send(self, parcel: Parcel) -> None:
        """Take a message on."""
        with self._lock:
            number = next(self._numbers)
            self._pending[number] = parcel
            never = "" if self._broken else self._produce(self._producer, number)
        if never:
            self._settle(number, never)

    def close(self) -> None:
        """Let go; what was not acknowledged may be there or not."""
        self._closing.set()
        self._thread.join(5)
        for producer in filter(None, (self._producer, self._single)):
            producer.purge()

    def _made(self, **settings: object) -> Producer:
        return patient_producer(self._address, self._hear, **_MOST_QUEUED, **settings)

    def _produce(self, producer: Producer, number: int) -> str:
        """Hand a message to librdkafka; why it will never take it, if it says so."""
        parcel = self._pending[number]
        told = partial(self._told, self._round, number, producer is self._single)
        try:
            producer.produce(self._topic, parcel.value, parcel.key, on_delivery=told)
        except (KafkaException, BufferError) as error:
            if code(error) in _NEVER:
                return reason(error)
            self._broken = reason(error)
        return ""

    def _run(self) -> None:
        pauses = Pauses()
        while not self._closing.is_set():
            self._producer.poll(_LOOK_SECONDS)
            if self._single is not None:
                self._single.poll(0)
            if self._broken:
                if self._broken != self._said:
                    _LOG.warning("%s: %s; it is tried again", self.name, self._broken)
                self._said = self._broken
                self._closing.wait(pauses.next())
                self._begin_anew()
            elif not self._pending:
                pauses.reset()

    def _begin_anew(self) -> None:
        """Give a new producer all that the old one did not bring home."""
        with self._lock:
            self._producer.purge()
            self._round += 1
            self._broken = ""
            self._single = None
            self._producer = self._made()
            said = [(number, self._produce(self._producer, number)) for number in self._pending]
        for number, never in said:
            if never:
                self._settle(number, never)

    def _told(
        self,
        began: int,
        number: int,
        alone: bool,  # noqa: FBT001 - bound before librdkafka adds its own two
        error: KafkaError | None,
        _: Message,
    ) -> None:
        """One message is home, or not; called from `poll`."""
        if began != self._round:
            return
        if error is None:
            self._is_back()
            self._settle(number, "")
        elif error.code() not in _NEVER:
            self._fails(error)
        elif alone:
            self._settle(number, reason(error))
        else:
            self._try_alone(number)

    def _try_alone(self, number: int) -> None:
        """Send a message in a batch of its own: it may be its neighbours that the topic refuses."""
        with self._lock:
            if self._single is None:
                self._single = self._made(batch_num_messages=1, linger_ms=0)
            never = self._produce(self._single, number)
        if never:
            self._settle(number, never)

    def _settle(self, number: int, refused: str) -> None:
        with self._lock:
            parcel = self._pending.pop(number, None)
        if parcel is not None:
            parcel.settled(refused)

    def _is_back(self) -> None:
        self._took = True
        if self._away or self._said:
            self._away, self._said = False, ""
            _LOG.info("%s answers again", self.name)

    def _fails(self, error: KafkaError) -> None:
        """The producer cannot go on."""
        if error.code() in REFUSALS and not self._took:
            self.failure = OutputFailed(
                f"{self.name} refuses: {reason(error)}",
                hint="See that user and password are right, and that they may write to the topic",
            )
        self._broken = self._broken or reason(error)

    def _hear(self, error: KafkaError) -> None:
        if error.code() in REFUSALS or error.fatal():
            self._fails(error)
        elif error.code() == KafkaError._ALL_BROKERS_DOWN and not self._away:  # noqa: SLF001
            self._away = True
            _LOG.warning("%s is away; it is tried until it comes: %s", self.name, reason(error))


def kafka_target(url: str) -> KafkaTarget:
    """A target for `kafka://HOST:PORT/TOPIC`, which connects by itself.

    Raises:
        BadSetting: the URL cannot be used.
    """
    address = read_address(url, {}, known=(), owned=(*OWNED, *_BOUNDS))
    if len(address.topics) > 1:
        raise BadSetting("a bridge writes to one Kafka topic", hint="Name one")
    return KafkaTarget(address)
