"""Real servers as targets of rows: how a test names one, and reads back what it holds."""

import json
import signal
import socket
import sys
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import hook
from sink_rows import NASTY, expected

from live.proxy import Proxy
from live.starting import Servers
from servers.kafka import Kafka
from servers.mosquitto import Mosquitto
from servers.ports import free_port
from servers.postgresql import PostgreSQL
from servers.redis import Redis
from servers.server import Server
from starwatch.ports import RowContext
from starwatch.ratings.scale import Scale
from starwatch.windows.rows import WindowRows

Row = dict[str, Any]
TIMEOUT = 2  # seconds; in the URLs of all of them

OPEN = {"start": datetime.fromisoformat, "end": datetime.fromisoformat}


class Target(ABC):
    """A private server that rows go to.

    Attributes:
        sink: The sink's name.
        server: The server, to be killed, frozen and started again.
        exact: Whether a row that is given again leaves no trace at all.
        newest_only: Whether it holds one row of a product and spec, not one of each window.
        sequence: Whether it keeps all rows in the order in which they came.
        poison: A product whose rows the target refuses for ever; None where there is none.
    """

    sink: str
    server: Server
    exact = True
    newest_only = False
    sequence = False
    poison: str | None = None

    @abstractmethod
    def __init__(self, servers: Servers) -> None:
        """Start the server."""

    @abstractmethod
    def url(self, port: int | None = None) -> str:
        """How a user names it; with another port where a proxy stands before it."""

    @abstractmethod
    def held(self, scale: Scale) -> list[Row]:
        """The rows that stand there, in any order."""

    def behind(self, proxy_to: Callable[[int], Proxy]) -> Proxy:
        """Put a proxy before the server, for `url` with its port."""
        return proxy_to(self.server.kind.port)

    def came(self) -> list[Row]:
        """All rows that it was given, in the order in which they came; only with `sequence`."""
        raise NotImplementedError

    def spoil(self) -> None:
        """See to it that the rows of `poison` are refused."""
        assert self.poison is not None


def parsed(line: str | bytes) -> Row:
    """A row that was written as JSON."""
    row = json.loads(line, parse_float=Decimal)
    return row | {name: datetime.fromisoformat(row[name]) for name in ("start", "end")}


def key(row: Row) -> tuple[Any, ...]:
    return row["window"], row["product"], row["start"]


def replaced(rows: Iterable[Row], *, newest_only: bool) -> list[Row]:
    """What stands after these rows have come: the model of every target that replaces."""
    best: dict[tuple[Any, ...], Row] = {}
    for row in rows:
        of = key(row)[:2] if newest_only else key(row)
        if of not in best or (row["end"], row["revision"]) >= (
            best[of]["end"],
            best[of]["revision"],
        ):
            best[of] = row
    return sorted(best.values(), key=key)


def assert_target_holds(target: Target, of: RowContext, whole: WindowRows) -> None:
    """It holds what stands after these rows, and what it got is in their order."""
    wanted = expected(of, whole)
    held = sorted(target.held(of.job.scale), key=key)
    assert held == replaced(wanted, newest_only=target.newest_only)
    if target.sequence:
        came = target.came()
        if target.exact:
            assert came == wanted
        else:
            assert without_repeats(came, wanted) == wanted


def without_repeats(came: list[Row], wanted: list[Row]) -> list[Row]:
    """What came, less the rows that came again: each run begins at a row that came before."""
    seen: list[Row] = []
    for row in came:
        if len(seen) < len(wanted) and row == wanted[len(seen)]:
            seen.append(row)
        else:
            assert row in seen, f"{row} came before its time"
    return seen


class PostgreSQLTarget(Target):
    sink = "postgresql"
    poison = "tab\tnul\x00bell\x07"

    def __init__(self, servers: Servers) -> None:
        self.server = servers.start(PostgreSQL(port=free_port(), password="s3cret"))

    def url(self, port: int | None = None) -> str:
        port = port or self.server.kind.port
        return (
            f"postgresql://starwatch:s3cret@127.0.0.1:{port}/starwatch"
            f"?table=public.w&timeout={TIMEOUT}"
        )

    def held(self, scale: Scale) -> list[Row]:
        import psycopg  # noqa: PLC0415

        stars = [f"stars_{v.normalize():f}" for v in scale.values]
        stars = [name.replace("-", "minus_").replace(".", "_") for name in stars]
        query = (
            f"SELECT window_spec, product, window_start, window_end, count, {', '.join(stars)},"  # noqa: S608
            " mean, revision FROM public.w"
        )
        with psycopg.connect(self.server.kind.address()) as connection:
            found = connection.execute(query.encode()).fetchall()
        return [
            {
                "window": spec,
                "product": product,
                "start": start.astimezone(UTC),
                "end": end.astimezone(UTC),
                "count": count,
                "stars": counts,
                "mean": mean,
                "revision": revision,
            }
            for spec, product, start, end, count, *counts, mean, revision in found
        ]


class RedisTarget(Target):
    sink = "redis"
    newest_only = True
    sequence = True
    poison = "com,ma"

    def __init__(self, servers: Servers) -> None:
        self.server = servers.start(Redis(port=free_port(), password="s3cret"))

    def url(self, port: int | None = None) -> str:
        port = port or self.server.kind.port
        return f"redis://:s3cret@127.0.0.1:{port}/3?prefix=shop&maxlen=1000000&timeout={TIMEOUT}"

    def held(self, _: Scale) -> list[Row]:
        with self._client() as client:
            keys = client.scan_iter("shop:product:*", 1000)
            found = {key: client.hgetall(key) for key in keys if client.type(key) == "hash"}
        for key, fields in found.items():
            for window, line in fields.items():
                row = parsed(line)
                assert (key, window) == (f"shop:product:{row['product']}", row["window"])
        return [parsed(line) for fields in found.values() for line in fields.values()]

    def came(self) -> list[Row]:
        with self._client() as client:
            return [parsed(fields["row"]) for _, fields in client.xrange("shop:closes")]

    def spoil(self) -> None:
        with self._client() as client:
            client.set(f"shop:product:{self.poison}", "somebody else's")

    def _client(self):
        import redis  # noqa: PLC0415

        return redis.Redis(
            port=self.server.kind.port, db=3, password="s3cret", decode_responses=True
        )


class MosquittoTarget(Target):
    sink = "mqtt"
    exact = False
    newest_only = True

    def __init__(self, servers: Servers) -> None:
        kind = Mosquitto(port=free_port(), users={"shop": "s3cret"})
        self.server = servers.start(kind)

    def url(self, port: int | None = None) -> str:
        port = port or self.server.kind.port
        return f"mqtt://shop:s3cret@127.0.0.1:{port}/a/shop?timeout={TIMEOUT}"

    def held(self, _: Scale) -> list[Row]:
        from live.mqtt import retained  # noqa: PLC0415

        found = retained(self.server.kind.port, "a/shop/windows/#", "shop", "s3cret")
        rows = []
        for topic, line in found.items():
            row = parsed(line)
            *_, size, slide, product = topic.split("/")
            named = unquote(f"{size}/{slide}"), unquote(product)
            assert named == (row["window"], row["product"])
            rows.append(row)
        return rows


@dataclass(frozen=True)
class Receiver:
    """The receiver of `hook.py`, as a kind of server."""

    port: int

    name = "hook"
    user = None
    stop_signal = signal.SIGKILL  # it has nothing to put in order

    def address(self) -> str:
        return f"http://shop:{hook.PASSWORD}@127.0.0.1:{self.port}/windows"

    def prepare(self, folder: Path) -> None:
        """Nothing is needed."""

    def command(self, folder: Path) -> list[str]:
        return [sys.executable, hook.__file__, str(folder), str(self.port)]

    def answers(self) -> bool:
        with socket.create_connection(("127.0.0.1", self.port), 1):
            return True


class WebhookTarget(Target):
    sink = "webhook"
    exact = False
    sequence = True
    poison = hook.POISON

    def __init__(self, servers: Servers) -> None:
        self.server = servers.run(Receiver(free_port()))

    def url(self, port: int | None = None) -> str:
        port = port or self.server.kind.port
        return (
            f"http://shop:{hook.PASSWORD}@127.0.0.1:{port}/windows?to=s3cret"
            f"#batch=250&timeout={TIMEOUT}"
        )

    def came(self) -> list[Row]:
        return [parsed(json.dumps(row)) for batch in self.batches() for row in batch]

    def batches(self) -> Iterator[list[Row]]:
        for line in (self.server.folder / "taken").read_text(encoding="utf-8").splitlines():
            batch = json.loads(line)
            assert batch["path"] == "/windows?to=s3cret"
            rows = json.loads(batch["body"])
            first, last = map(int, batch["rows"].split("-"))
            assert last - first == len(rows) - 1
            assert f"-{first}-{last}-" in batch["key"]
            yield rows

    def held(self, _: Scale) -> list[Row]:
        return replaced(self.came(), newest_only=False)


class KafkaTarget(Target):
    sink = "kafka"
    sequence = True
    poison = "x" * 512

    def __init__(self, servers: Servers) -> None:
        self.server = servers.start(Kafka(port=free_port(), users={"starwatch": "s3cret"}))

    def url(self, port: int | None = None) -> str:
        port = port or self.server.kind.port
        return f"kafka://starwatch:s3cret@127.0.0.1:{port}/w?timeout={TIMEOUT}"

    def behind(self, proxy_to: Callable[[int], Proxy]) -> Proxy:
        proxy = proxy_to(self.server.kind.port)
        self.server.stop()  # a broker itself tells its clients where to go
        self.server.kind = replace(self.server.kind, advertised_port=proxy.port)
        self.server.start()
        return proxy

    def spoil(self) -> None:
        from confluent_kafka.admin import AdminClient, NewTopic  # noqa: PLC0415

        admin = AdminClient(self.reach())
        limit = {"max.message.bytes": "1000", "compression.type": "uncompressed"}
        admin.create_topics([NewTopic("w", 1, 1, config=limit)])["w"].result(10)

    def held(self, scale: Scale) -> list[Row]:
        del scale
        return replaced(self.came(), newest_only=False)

    def came(self) -> list[Row]:
        """What a consumer of committed messages sees; key and headers say what the value says."""
        from confluent_kafka import Consumer, TopicPartition  # noqa: PLC0415

        settings = {"group.id": "reader", "enable.partition.eof": True}
        consumer = Consumer(self.reach() | settings)
        consumer.assign([TopicPartition("w", 0, 0)])
        rows = []
        while (message := consumer.poll(20)) is not None and message.error() is None:
            row = parsed(message.value())
            assert message.key().decode() == row["product"]
            assert message.headers() == [
                ("spec", row["window"].encode()),
                ("revision", str(row["revision"]).encode()),
            ]
            rows.append(row)
        assert message is not None, "an open transaction hides what is behind it"
        consumer.close()
        return rows

    def reach(self) -> dict[str, Any]:
        """The settings of a client of librdkafka."""
        port = self.server.kind.advertised_port or self.server.kind.port
        return {
            "bootstrap.servers": f"127.0.0.1:{port}",
            "security.protocol": "SASL_PLAINTEXT",
            "sasl.mechanism": "PLAIN",
            "sasl.username": "starwatch",
            "sasl.password": "s3cret",
        }


assert PostgreSQLTarget.poison in NASTY
assert KafkaTarget.poison in NASTY
