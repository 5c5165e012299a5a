"""What only the sink for MQTT promises: topics, what is retained, what a broker refuses."""

import gc
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from network_targets import parsed
from outbox_run import soon
from sink_rows import context, expected, rows

from live.mqtt import retained, subscribed
from servers.mosquitto import Mosquitto
from servers.ports import free_port
from starwatch.errors import BadSetting, OutputFailed
from starwatch.ports import Cursor
from starwatch.sinks.registry import open_lasting, parse_sink
from starwatch.windows.rows import WindowRows

OF = context(ids=["p"])
LATE = replace(OF, job=replace(OF.job, lateness_ms=60_000))


def of_ends(*ends: int) -> WindowRows:
    made = rows(OF, len(ends))
    zeros = np.zeros(len(ends), np.int32)
    seconds = 1_622_505_600_000 + 5000 * np.array(ends, np.int64)
    return WindowRows(made.spec, zeros, seconds, made.stars, zeros)


def put(url: str, whole: WindowRows, of=LATE) -> None:
    with closing(open_lasting(parse_sink(url), of, Cursor())) as sink:
        sink.write(whole)
        assert sink.secured().rows == len(whole)


@pytest.fixture
def broker(servers):
    return servers.start(Mosquitto(port=free_port(), users={"shop": "s3cret"}))


@pytest.fixture
def url(broker) -> str:
    return f"mqtt://shop:s3cret@127.0.0.1:{broker.kind.port}/shop?timeout=3"


def test_a_subscriber_gets_every_row_in_order_and_one_that_comes_later_the_newest(
    broker, url: str
) -> None:
    whole = of_ends(1, 2, 3, 2, 4, 3)
    port = broker.kind.port
    with subscribed(port, "shop/windows/30s/5s/p", "shop", "s3cret") as got:
        put(url, whole)
        soon(lambda: len(got) == len(whole))
    assert [parsed(message.payload) for message in got] == expected(OF, whole)
    (line,) = retained(port, "shop/#", "shop", "s3cret").values()
    assert parsed(line) == expected(OF, whole)[4]


def test_a_correction_after_a_restart_does_not_hide_the_newest_window(broker, url: str) -> None:
    put(url, of_ends(1, 2, 3))
    put(url, of_ends(2))
    (line,) = retained(broker.kind.port, "shop/#", "shop", "s3cret").values()
    assert parsed(line)["end"] == expected(OF, of_ends(3))[0]["end"]
    put(url, of_ends(4))
    (line,) = retained(broker.kind.port, "shop/#", "shop", "s3cret").values()
    assert parsed(line) == expected(OF, of_ends(4))[0]


def test_a_broker_that_lets_nobody_write_there_is_a_failure_and_no_loss(
    servers, tmp_path: Path
) -> None:
    acl = tmp_path / "acl"
    acl.write_text("user shop\ntopic readwrite allowed/#\n")
    kind = Mosquitto(port=free_port(), users={"shop": "s3cret"}, settings={"acl_file": acl})
    server = servers.start(kind)
    where = f"mqtt://shop:s3cret@127.0.0.1:{server.kind.port}"
    put(f"{where}/allowed", of_ends(1))
    with closing(open_lasting(parse_sink(f"{where}/other?timeout=3"), LATE, Cursor())) as sink:
        with pytest.raises(OutputFailed, match=r"refuses a message: Not authorized"):  # noqa: PT012
            sink.write(of_ends(1))
            sink.secured()
        assert sink.secured() == Cursor()


def test_a_wrong_password_is_said_and_not_shown(url: str) -> None:
    with pytest.raises(OutputFailed, match=r"shop@127.*refuses the connection") as caught:
        put(url.replace("s3cret", "wr0ng"), of_ends(1))
    assert "wr0ng" not in str(caught.value)


# paho leaves a socket whose handshake failed to the garbage collector.
@pytest.mark.filterwarnings("ignore:unclosed:ResourceWarning")
@pytest.mark.filterwarnings("ignore:Exception ignored:pytest.PytestUnraisableExceptionWarning")
def test_tls_with_the_right_authority_only(servers, certificates) -> None:
    kind = Mosquitto(port=free_port(), certificate=certificates.server)
    server = servers.start(kind)
    address = f"mqtts://127.0.0.1:{server.kind.port}/shop?timeout=3&cafile="
    put(address + str(certificates.authority), of_ends(1, 2))
    with pytest.raises(OutputFailed, match="certificate verify failed"):
        put(address + str(certificates.stranger), of_ends(1, 2))
    gc.collect()
    with pytest.raises(BadSetting, match=r"cafile cannot be used: No such file"):
        put(address + "none.pem", of_ends(1))


def test_the_older_version_of_the_protocol(broker, url: str) -> None:
    put(url + "&version=3.1.1", of_ends(1, 2), OF)
    (line,) = retained(broker.kind.port, "shop/#", "shop", "s3cret").values()
    assert parsed(line) == expected(OF, of_ends(1, 2))[1]


@pytest.mark.parametrize("bad", ["mqtt://h/a+b", "mqtt://h/$SYS", "mqtt://h/a?version=4"])
def test_what_cannot_be_a_target_is_refused_at_once(bad: str) -> None:
    with pytest.raises(BadSetting):
        parse_sink(bad)
