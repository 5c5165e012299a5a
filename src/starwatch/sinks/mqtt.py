"""The newest row of each product as a retained message (`--sink mqtt://broker/shop`)."""

import re
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING
from urllib.parse import quote

from starwatch.errors import BadSetting, OutputFailed
from starwatch.ports import Cursor, RowContext
from starwatch.sinks.json_rows import row_texts
from starwatch.sinks.mqtt_client import Broken, Connection
from starwatch.sinks.urls import SinkUrl
from starwatch.windows.rows import WindowRows

if TYPE_CHECKING:
    from paho.mqtt.client import MQTTMessageInfo

OPTIONS = {"timeout", "cafile", "version"}

PREFIX = "starwatch"
"""What topics begin with where the URL names nothing."""

_RECALLED = 100
"""Topics that are asked for at once: few enough for any broker's largest packet."""

_MOMENT = re.compile(rb'"end":"([^"]*)".*"revision":(\d+)\}$')


def open_sink(target: str, context: RowContext, *, name: str, cursor: Cursor) -> "MQTTSink":
    """Connect; see `MQTTSink`."""
    return MQTTSink(target, context, name=name, cursor=cursor)


def check_target(target: str) -> None:
    """See whether a URL can be used; connects to nothing.

    Raises:
        BadSetting: it cannot.
    """
    _taken_apart(target)


def topic_of(prefix: str, window: str, product: str) -> str:
    """Where the rows of a product go.

    Whatever is not a letter, a digit or one of `_.-~` is written as in a URL, for topics cannot
    hold all of it.

    >>> topic_of("shop", "30s/5s", "0000143502")
    'shop/windows/30s/5s/0000143502'
    >>> topic_of("shop", "1d/1h+15m", "a/b #1")
    'shop/windows/1d/1h%2B15m/a%2Fb%20%231'
    """
    return f"{prefix}/windows/{quote(window)}/{quote(product, safe='')}"


class MQTTSink:
    """Each row as a message under its product; what is retained is the product's newest row.

    Guarantee: at least once, in order, QoS 1; a row is certain when the broker has acknowledged it.
    After a crash those that were not are published again, so that a value may go back for a moment.
    A correction of a window that is not the product's newest is published too, but not retained:
    whoever asks later gets the newest window. After a restart that is learnt from the broker.

    Every row is taken, whatever is in it. A lost connection, a missing answer or a refusal is an
    `OutputFailed`. Nothing is called after `close`, but for `close` and `secured`.

    Args:
        target: `mqtt://USER:PASSWORD@HOST:PORT/PREFIX`, or `mqtts://` for TLS, with the options
            `timeout` in seconds, `cafile` for TLS, `version` (`5` or `3.1.1`).
        context: The job and its products.
        name: What the journal keeps the cursor under.
        cursor: Where it goes on.

    Raises:
        BadSetting: the URL cannot be used.
        OutputFailed: the broker cannot be reached.
    """

    lasting = True

    def __init__(self, target: str, context: RowContext, *, name: str, cursor: Cursor) -> None:
        url, self._prefix = _taken_apart(target)
        self.name = name
        self._context = context
        self._cursor = cursor
        self._ended = False
        self._sent: deque[MQTTMessageInfo | int] = deque()  # or so many rows that are not given
        self._newest: dict[str, tuple[str, int]] = {}  # by topic: end and revision
        with self._failing():
            self._connection = Connection(url)

    def write(self, rows: WindowRows) -> None:
        """Publish these rows; they are certain with `secured`."""
        labels = [window.label for window in self._context.job.windows]
        products = self._context.products.texts(rows.product)
        topics = [
            topic_of(self._prefix, labels[spec], product)
            for spec, product in zip(rows.spec.tolist(), products, strict=True)
        ]
        lines = [line.encode().rstrip() for line in row_texts(rows, self._context).to_pylist()]
        with self._failing():
            if self._context.job.lateness_ms:  # else no row is older than one before it
                self._recall(topics)
            for topic, line in zip(topics, lines, strict=True):
                newest = self._is_newest(topic, line)
                self._sent.append(self._connection.publish(topic, line, retain=newest))

    def skip(self, number: int) -> None:
        """Count rows that are not given."""
        self._sent.append(number)

    def secured(self) -> Cursor:
        """Wait until the broker has acknowledged all rows, and say how far that is."""
        if not self._ended:
            with self._failing():
                while self._sent:
                    first = self._sent[0]
                    if not isinstance(first, int):
                        self._connection.arrive(first)
                    rows = first if isinstance(first, int) else 1
                    self._sent.popleft()
                    self._cursor = Cursor(self._cursor.rows + rows)
        return self._cursor

    def close(self) -> None:
        """Take leave; what is not acknowledged is not certain. Safe to call twice."""
        self._ended = True
        self._connection.close()

    def _recall(self, topics: list[str]) -> None:
        """Learn what is retained under topics that were not met since the sink was opened."""
        unknown = list(dict.fromkeys(topic for topic in topics if topic not in self._newest))
        for start in range(0, len(unknown), _RECALLED):
            asked = unknown[start : start + _RECALLED]
            self._newest.update(dict.fromkeys(asked, ("", 0)))
            for topic, line in self._connection.retained(asked).items():
                self._newest[topic] = _moment(line)

    def _is_newest(self, topic: str, line: bytes) -> bool:
        """Whether no newer row of a topic is known; this one is known from now on."""
        if not self._context.job.lateness_ms:
            return True
        moment = _moment(line)
        if moment < self._newest[topic]:
            return False
        self._newest[topic] = moment
        return True

    @contextmanager
    def _failing(self) -> Iterator[None]:
        try:
            yield
        except Broken as error:
            self._ended = True
            raise OutputFailed(
                f"{self.name} cannot be written: {error}",
                hint="See that the broker runs, the URL is right, and the user may publish there",
            ) from None


def _taken_apart(target: str) -> tuple[SinkUrl, str]:
    """The URL, and what topics begin with."""
    url = SinkUrl.parse(target, OPTIONS)
    prefix = url.path.strip("/") or PREFIX
    if set(prefix) & set("+#\x00") or prefix.startswith("$"):
        raise BadSetting(
            f"topics cannot begin with {prefix!r}", hint="Leave out +, # and a leading $"
        )
    if url.options.get("version", "5") not in {"5", "3.1.1"}:
        raise BadSetting(f"MQTT has no version {url.options['version']}", hint="Give 5 or 3.1.1")
    _ = url.timeout
    return url, prefix


def _moment(line: bytes) -> tuple[str, int]:
    """End and revision of a row that was published; what else stands there is older than all."""
    found = _MOMENT.search(line)
    return (found[1].decode(), int(found[2])) if found else ("", 0)
