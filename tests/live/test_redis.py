"""Redis as tests and users get it: emptied for each test, with a password, and over a kill."""

import pytest
import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from servers.ports import HOST, free_port
from servers.redis import Redis


@pytest.mark.parametrize("_", range(2))
def test_every_test_finds_it_empty(redis_url, _):
    with redis.from_url(redis_url, decode_responses=True) as client:
        assert client.keys() == []
        client.hset("product:0000143502", mapping={"count": 8, "mean": "4.12"})
        assert client.hgetall("product:0000143502") == {"count": "8", "mean": "4.12"}


def test_a_killed_server_keeps_what_it_answered(servers):
    server = servers.start(Redis(port=free_port(), password="right"))
    with redis.from_url(server.kind.address()) as client:
        for number in range(100):
            client.xadd("closes", {"n": number})
    server.kill()
    server.start()
    with redis.from_url(server.kind.address()) as client:
        assert client.xlen("closes") == 100
    stranger = redis.Redis(HOST, server.kind.port, retry=Retry(NoBackoff(), 0))
    with stranger, pytest.raises(redis.AuthenticationError):
        stranger.ping()
