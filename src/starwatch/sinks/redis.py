"""Newest values and a stream of closes in Redis (`--sink redis://host/0`)."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from starwatch.errors import BadSetting, OutputFailed, RowRefused
from starwatch.ports import Cursor, RowContext
from starwatch.sinks.already import already_there
from starwatch.sinks.json_rows import row_texts
from starwatch.sinks.redis_script import SCRIPT
from starwatch.sinks.urls import SinkUrl
from starwatch.windows.rows import WindowRows

OPTIONS = {"prefix", "maxlen", "timeout", "cafile"}

MAX_LENGTH = 100_000
"""About how many rows the stream keeps: some 30 MB, and a day of 500 products every ten minutes."""

BLOCK_ROWS = 1_000
"""Rows in one script: while it runs, some ten milliseconds, Redis answers nobody else."""


def open_sink(target: str, context: RowContext, *, name: str, cursor: Cursor) -> "RedisSink":
    """Connect; see `RedisSink`."""
    return RedisSink(target, context, name=name, cursor=cursor)


def check_target(target: str) -> None:
    """See whether a URL can be used; connects to nothing.

    Raises:
        BadSetting: it cannot.
    """
    url = SinkUrl.parse(target, OPTIONS)
    _client(url)
    _max_length(url)


class RedisSink:
    """For each product a hash with its newest row of each window spec; and a stream of all rows.

    Guarantee: rows, newest values and how many rows are there change in one step: effectively once.
    Rows that are given again after a crash are passed over. A hash never goes back to an older
    window or revision. What Redis confirmed outlasts it as far as its own settings say.

    A product whose hash is a key of another type is a `RowRefused`; anything else that Redis says,
    or a missing answer, is an `OutputFailed`. Nothing is called after `close`, but for `close` and
    `secured`.

    Args:
        target: `redis://USER:PASSWORD@HOST:PORT/DATABASE`, or `rediss://` for TLS, with the options
            `prefix` of all keys, `maxlen` of the stream, `timeout` in seconds, `cafile` for TLS.
        context: The job, its products, and whose rows they are.
        name: What the journal keeps the cursor under.
        cursor: Where it goes on.

    Raises:
        BadSetting: the URL cannot be used.
        OutputFailed: the server cannot be reached.
    """

    lasting = True

    def __init__(self, target: str, context: RowContext, *, name: str, cursor: Cursor) -> None:
        url = SinkUrl.parse(target, OPTIONS)
        self.name = name
        self._context = context
        self._prefix = url.options.get("prefix", "starwatch")
        self._max_length = _max_length(url)
        self._client = _client(url)
        self._script = self._client.register_script(SCRIPT)
        try:
            held = self._held()
        except BaseException:
            self._client.close()
            raise
        self._passed = already_there(name, held, cursor)
        self._cursor = cursor

    def write(self, rows: WindowRows) -> None:
        """Write these rows, a block at a time."""
        for start in range(0, len(rows), BLOCK_ROWS):
            self._write_block(rows.take(slice(start, start + BLOCK_ROWS)))

    def skip(self, number: int) -> None:
        """Count rows that are not given."""
        end = self._cursor.rows + number
        if number > self._passed:
            with self._failing():
                self._client.hset(self._cursors, self._context.origin.state, str(end))
        self._passed = max(self._passed - number, 0)
        self._cursor = Cursor(end)

    def secured(self) -> Cursor:
        """Say how far the last block went."""
        return self._cursor

    def close(self) -> None:
        """Let the connection go. Safe to call twice."""
        self._client.close()

    @property
    def _cursors(self) -> str:
        return f"{self._prefix}:cursors"

    def _held(self) -> int:
        """How many rows of this state Redis holds; more than were given do not count."""
        state, given = self._context.origin.state, self._context.origin.given
        with self._failing():
            held = int(self._client.hget(self._cursors, state) or 0)
            if held > given:
                held = given
                self._client.hset(self._cursors, state, str(held))
        return held

    def _write_block(self, rows: WindowRows) -> None:
        fresh = rows.take(slice(self._passed, None))
        end = self._cursor.rows + len(rows)
        if len(fresh):
            keys = [self._cursors, f"{self._prefix}:closes"]
            state = self._context.origin.state
            with self._failing():
                first = (self._prefix, state, end, self._max_length)
                self._script(keys=keys, args=[*first, *self._arguments(fresh)])
        self._passed -= len(rows) - len(fresh)
        self._cursor = Cursor(end)

    def _arguments(self, rows: WindowRows) -> Iterator[str]:
        """Product, window spec and JSON of each row."""
        labels = [window.label for window in self._context.job.windows]
        products = self._context.products.texts(rows.product)
        lines = row_texts(rows, self._context).to_pylist()
        for product, spec, line in zip(products, rows.spec.tolist(), lines, strict=True):
            yield from (product, labels[spec], line.rstrip("\n"))

    @contextmanager
    def _failing(self) -> Iterator[None]:
        """What the client library says, as errors of ours; it never shows a password."""
        try:
            yield
        except redis.ResponseError as error:
            text = str(error)
            if "REFUSED " in text:
                key = text.partition("REFUSED ")[2].partition(" script:")[0]
                raise RowRefused(f"{self.name} refuses a row: {key}") from None
            raise self._failed(text) from None
        except redis.TimeoutError:
            raise self._failed("no answer in time") from None
        except (redis.RedisError, OSError) as error:
            raise self._failed(str(error)) from None

    def _failed(self, what: str) -> OutputFailed:
        line = what.strip().partition("\n")[0].removesuffix(".")
        return OutputFailed(
            f"{self.name} cannot be written: {line}",
            hint="See that the server runs, the URL is right, and it has memory left",
        )


def _client(url: SinkUrl) -> "redis.Redis":
    """A client that connects with its first command, and tries nothing twice by itself."""
    more: dict[str, Any] = {}
    if url.scheme == "rediss":
        more = {"ssl": True, "ssl_ca_certs": url.options.get("cafile")}
    return redis.Redis(
        host=url.host,
        port=url.port or 6379,
        db=_database(url),
        username=url.user or None,
        password=url.password,
        socket_timeout=url.timeout,
        socket_connect_timeout=url.timeout,
        retry=Retry(NoBackoff(), 0),
        decode_responses=True,
        **more,
    )


def _database(url: SinkUrl) -> int:
    if not re.fullmatch("[0-9]{0,9}", url.path):
        raise BadSetting(
            f"Redis has no database {url.path!r}", hint="It is a number: redis://HOST:PORT/0"
        )
    return int(url.path or 0)


def _max_length(url: SinkUrl) -> int:
    return int(url.number("maxlen", MAX_LENGTH, lowest=1, whole=True))
