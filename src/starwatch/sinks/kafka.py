"""A topic of Kafka, a message for each window (`--sink kafka://host:9092/windows`)."""

import hashlib

from confluent_kafka import Producer

from starwatch.clients.kafka import Address, made, read_address
from starwatch.errors import BadSetting, RowRefused
from starwatch.ports import Cursor, RowContext
from starwatch.sinks.json_rows import row_texts
from starwatch.sinks.kafka_transactions import OWNED, SETTINGS, Headers, KafkaMessage, Transactions
from starwatch.sinks.urls import TIMEOUT_SECONDS
from starwatch.windows.rows import WindowRows

_OVERHEAD = 150
"""Bytes of a message beside key and value, headers among them, and of the batch around it."""


def open_sink(target: str, context: RowContext, *, name: str, cursor: Cursor) -> "KafkaSink":
    """Begin the sink's transactions, and ask how far they went; see `KafkaSink`."""
    return KafkaSink(target, context, name=name, cursor=cursor)


def check_target(target: str) -> None:
    """See whether a URL can be used; connects to nothing.

    Raises:
        BadSetting: it cannot.
    """
    address, _ = _taken_apart(target)
    made(lambda: Producer({**SETTINGS, **address.config}))


class KafkaSink:
    """Rows as messages: the key is the product, the value the row as JSON.

    Headers `spec` (the window spec, `30s/5s`) and `revision` tell versions apart without reading
    the value. Rows of a product lie in one partition, in their order.

    Guarantee: effectively once, for consumers that read committed messages only. Each `write` is
    one transaction, which also holds the number of rows that are there, as the offset of a group
    that has the name of the transactional id: `starwatch-STATE-…`, one for each state and target.
    A crash leaves a transaction that is aborted when the sink is opened again; rows that are there
    already are passed over then. That knowledge ends with the group's offset, by default seven days
    after the last row; a sink that stood still for longer, and whose process was killed between a
    commit and its noting, gives the rows of that one commit twice.

    A row that is larger than what the topic takes as one message is a `RowRefused`; the rows before
    it are there. Anything else is an `OutputFailed`. Nothing is called after `close`, but for
    `close` and `secured`.

    Args:
        target: `kafka://HOST:PORT/TOPIC`, with the options of `starwatch.clients.kafka` and
            `timeout` in seconds.
        context: The job, its products, and whose rows they are.
        name: What the journal keeps the cursor under.
        cursor: Where it goes on.

    Raises:
        BadSetting: the URL cannot be used.
        OutputFailed: the cluster cannot be reached, or refuses.
    """

    lasting = True

    def __init__(self, target: str, context: RowContext, *, name: str, cursor: Cursor) -> None:
        self.name = name
        self._context = context
        address, timeout = _taken_apart(target)
        self._transactions = Transactions(
            address, name=name, transactional_id=_told_apart(context, name), timeout=timeout
        )
        held = self._transactions.held
        if held > context.origin.given:
            held = context.origin.given
            self._transactions.commit([], held)  # else they would count at the next start
        self._passed = max(held - cursor.rows, 0)  # rows that are there and will be given again
        self._cursor = cursor

    def write(self, rows: WindowRows) -> None:
        """Write these rows in one transaction, up to one that is too large."""
        passed = min(self._passed, len(rows))
        self.skip(passed)
        messages = self._messages(rows.take(slice(passed, None)))
        limit = self._transactions.limit
        sizes = [len(value) + len(key) + _OVERHEAD for key, value, _ in messages]
        fitting = next((n for n, size in enumerate(sizes) if size > limit), len(messages))
        if fitting:
            self._transactions.commit(messages[:fitting], self._cursor.rows + fitting)
            self.skip(fitting)
        if fitting < len(messages):
            size = sizes[fitting]
            raise RowRefused(f"{self.name} refuses a row: {size} bytes, the topic takes {limit}")

    def skip(self, number: int) -> None:
        """Count rows that are not given; the next transaction says so in Kafka too."""
        self._passed = max(self._passed - number, 0)
        self._cursor = Cursor(self._cursor.rows + number)

    def secured(self) -> Cursor:
        """Say how far the last transaction went."""
        return self._cursor

    def close(self) -> None:
        """Let the producer go. Safe to call twice."""
        self._transactions.close()

    def _messages(self, rows: WindowRows) -> list[KafkaMessage]:
        products = self._context.products.take(rows.product).to_pylist()
        values = row_texts(rows, self._context).to_pylist()
        labels = [window.label.encode() for window in self._context.job.windows]
        versions = zip(rows.spec.tolist(), rows.revision.tolist(), strict=True)
        headers: list[Headers] = [
            [("spec", labels[spec]), ("revision", b"%d" % revision)] for spec, revision in versions
        ]
        return [
            (product.encode(), value[:-1].encode(), header)
            for product, value, header in zip(products, values, headers, strict=True)
        ]


def _taken_apart(target: str) -> tuple[Address, float]:
    address = read_address(target, {}, known=("timeout",), owned=OWNED)
    if len(address.topics) > 1:
        raise BadSetting("a Kafka sink writes to one topic", hint="Name one sink for each")
    text = address.choices.get("timeout", str(TIMEOUT_SECONDS))
    try:
        return address, float(text)
    except ValueError:
        raise BadSetting(f"the timeout {text!r} of a Kafka sink is no number of seconds") from None


def _told_apart(context: RowContext, name: str) -> str:
    """What tells this sink of this state from all others, on every cluster."""
    target = hashlib.sha256(name.encode()).hexdigest()[:8]
    return f"starwatch-{context.origin.state or 'no-state'}-{target}"
