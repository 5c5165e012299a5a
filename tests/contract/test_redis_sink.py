"""What only the sink for Redis promises: the stream's length, TLS, and what is never retried."""

import logging
import time
from contextlib import closing

import pytest
from sink_rows import context, rows

from servers.ports import free_port
from servers.redis import Redis
from starwatch.errors import BadSetting, OutputFailed
from starwatch.ports import Cursor, Origin, RowContext
from starwatch.sinks.registry import open_lasting, parse_sink

OF = context()


def put(url: str, number: int = 50, *, start: int = 0, state: str = "a") -> None:
    of = RowContext(OF.job, OF.products, Origin(state, start))
    with closing(open_lasting(parse_sink(url), of, Cursor(start))) as sink:
        sink.write(rows(OF, number))
        assert sink.secured().rows == start + number


def test_the_stream_is_trimmed_and_the_hashes_are_not(redis_url) -> None:
    import redis  # noqa: PLC0415

    put(f"{redis_url}?maxlen=100&prefix=shop", 5000)
    with redis.from_url(redis_url) as client:
        assert 100 <= client.xlen("shop:closes") < 400
        assert len(client.keys("shop:product:*")) == len(set(rows(OF, 5000).product.tolist()))


def test_a_stream_that_is_something_else_is_a_failure_and_nothing_is_written(redis_url) -> None:
    import redis  # noqa: PLC0415

    with redis.from_url(redis_url) as client:
        client.set("starwatch:closes", "mine")
        with pytest.raises(OutputFailed, match="starwatch:closes is no stream"):
            put(redis_url)
        assert client.keys() == [b"starwatch:closes"]


def test_a_wrong_password_is_said_at_once_and_not_shown(servers) -> None:
    server = servers.start(Redis(port=free_port(), password="right"))
    began = time.monotonic()
    with pytest.raises(OutputFailed) as caught:
        put(f"redis://:wr0ng@127.0.0.1:{server.kind.port}/0")
    assert time.monotonic() - began < 2
    assert "wr0ng" not in str(caught.value)


def test_a_redis_that_forgot_everything_is_said_and_goes_on(redis_url, caplog) -> None:
    with caplog.at_level(logging.WARNING):
        put(redis_url, start=1000)
    assert "holds nothing of before; it begins with row 1000" in caplog.text
    with caplog.at_level(logging.ERROR):
        put(redis_url, start=1200)
    assert "lacks the 150 rows from number 1050 on" in caplog.text


def test_tls_with_the_right_authority_only(servers, certificates) -> None:
    port = free_port()
    settings = {
        "tls-port": port,
        "tls-cert-file": certificates.server,
        "tls-key-file": certificates.server,
        "tls-ca-cert-file": certificates.authority,
        "tls-auth-clients": "no",
    }
    servers.start(Redis(port=free_port(), settings=settings))
    address = f"rediss://127.0.0.1:{port}/0?timeout=3&cafile="
    put(address + str(certificates.authority))
    with pytest.raises(OutputFailed, match="certificate verify failed"):
        put(address + str(certificates.stranger))


@pytest.mark.parametrize("bad", ["redis://h/x", "redis://h/-1", "redis://h/0?maxlen=0"])
def test_what_cannot_be_a_target_is_refused_at_once(bad: str) -> None:
    with pytest.raises(BadSetting):
        parse_sink(bad)
