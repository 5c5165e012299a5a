"""Fixtures for every test that talks to a real server.

Private ones are started for one test, which may kill them; Mosquitto and Redis take 20 ms,
PostgreSQL two seconds and Kafka three. The shared ones are started once, when first asked for, and
every test has its own part of them: a database, a topic. Nothing may kill those.

Every test run reads this file, so clients are imported only where a fixture needs one.
"""

import os
import uuid
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import TYPE_CHECKING

import pytest

from live.proxy import Proxy
from live.starting import Servers, need
from servers.kafka import Kafka
from servers.mosquitto import Mosquitto
from servers.ports import free_port
from servers.postgresql import PostgreSQL
from servers.redis import Redis
from servers.server import Server

if TYPE_CHECKING:
    from live.certificates import Certificates


@pytest.fixture
def servers() -> Iterator[Servers]:
    """Starts private servers: `servers.start(Redis(port=free_port()))`."""
    with Servers() as started:
        yield started


@pytest.fixture(scope="session")
def shared_servers() -> Iterator[Servers]:
    """Starts servers that all tests share."""
    with Servers() as started:
        yield started


@pytest.fixture
def mosquitto(servers: Servers) -> Server:
    """A private MQTT broker, open to all, that saves what it holds every two seconds."""
    return servers.start(Mosquitto(port=free_port()))


@pytest.fixture(scope="session")
def shared_kafka(shared_servers: Servers) -> Server:
    """A Kafka broker without passwords that all tests share."""
    return shared_servers.start(Kafka(port=free_port()))


@pytest.fixture
def kafka(shared_kafka: Server) -> str:
    """The shared broker's `host:port`."""
    return shared_kafka.kind.address().removeprefix("kafka://")


@pytest.fixture(scope="session")
def shared_postgresql(shared_servers: Servers) -> Server:
    """A PostgreSQL server that all tests share."""
    return shared_servers.start(PostgreSQL(port=free_port()))


@pytest.fixture
def postgresql(shared_postgresql: Server, unique: str) -> Iterator[str]:
    """The URL of a new, empty database on the shared server."""
    import psycopg  # noqa: PLC0415
    from psycopg import sql  # noqa: PLC0415

    address = shared_postgresql.kind.address()
    with psycopg.connect(address, autocommit=True) as connection:
        connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(unique)))
        yield address.rpartition("/")[0] + f"/{unique}"
        drop = sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(unique))
        connection.execute(drop)


@pytest.fixture(scope="session")
def shared_redis(shared_servers: Servers) -> Server:
    """A Redis server that all tests share."""
    return shared_servers.start(Redis(port=free_port()))


@pytest.fixture
def redis_url(shared_redis: Server) -> str:
    """The URL of the shared Redis server, emptied."""
    import redis  # noqa: PLC0415

    address = shared_redis.kind.address()
    with redis.from_url(address) as client:
        client.flushall()
    return address


@pytest.fixture(scope="session")
def flink(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The URL of a cluster of Flink with eight slots, shared by all processes of a test run."""
    return _shared("flink", tmp_path_factory)


@pytest.fixture(scope="session")
def nifi(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The URL of a NiFi, shared by all processes of a test run; a test makes a group."""
    return _shared("nifi", tmp_path_factory)


@pytest.fixture
def unique() -> str:
    """A name that no other test has: for a topic, a group, a client."""
    return f"t{uuid.uuid4().hex}"


@pytest.fixture(scope="session")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> "Certificates":
    """An authority and what it vouches for."""
    from live.certificates import Certificates  # noqa: PLC0415

    return Certificates(tmp_path_factory.mktemp("certificates"))


@pytest.fixture
def proxy_to() -> Iterator[Callable[[int], Proxy]]:
    """Makes proxies in front of ports of loopback; they end with the test."""
    with ExitStack() as proxies:
        yield lambda port: proxies.enter_context(Proxy(port))


@pytest.fixture(scope="session")
def prometheus_programs() -> None:
    """`prometheus` and `promtool` are there."""
    need("prometheus")


def _shared(name: str, tmp_path_factory: pytest.TempPathFactory) -> str:
    """The URL of what all processes of a test run share."""
    from live import shared  # noqa: PLC0415

    need(name)
    own = tmp_path_factory.getbasetemp()
    common = own.parent if "PYTEST_XDIST_WORKER" in os.environ else own
    return shared.address(name, common / name)
