"""Kills on real servers: what was acknowledged is in the books once, and every window is right."""

import json
import threading
from contextlib import contextmanager, suppress
from urllib.error import URLError
from urllib.request import urlopen

import pytest

from cli.test_run import free_port, ready
from commands import interrupted, process, soon, starwatch
from live.flink_equal import committed_lines
from live.flink_stream import BEGIN_MS, PARTITIONS, PRODUCTS, WINDOW_MS, Stream, lines_of, once
from live.starting import need
from live.test_flink import LONG, ran
from servers.flink import JobManager, TaskManager
from servers.kafka import Kafka
from servers.ports import free_port as server_port
from starwatch.flink.rest import Cluster
from starwatch.ratings.durations import moment_ms

pytestmark = pytest.mark.slow

PATIENCE = 3 * LONG
"""Seconds for a third of the stream: seven minutes on a machine with fifteen times its work."""

SOON_LOST = {"heartbeat.interval": 2_000, "heartbeat.timeout": 20_000}
"""A TaskManager that was killed is missed after four seconds, not after twenty."""


@contextmanager
def served(config, folder):
    """`starwatch run --engine flink`, what its page says, and the file of its rows."""
    out, port, state = folder / "w.jsonl", free_port(), folder / "s"
    words = ("--config", config, "--state", state, "--port", port, "--sink", f"jsonl:{out}")
    log = (folder / "run.log").open("w")
    with (
        log,
        process(
            "run", "--engine", "flink", "--quiet", *words, patience=4 * PATIENCE, stderr=log
        ) as service,
    ):
        soon(lambda: ready(port), seconds=60)

        def page(path):
            with urlopen(f"http://127.0.0.1:{port}/api/v1/{path}", timeout=60) as answer:
                return json.load(answer)

        yield page, state, out
        assert interrupted(service, within=20).code == 0


def counted(page):
    with suppress(URLError, ConnectionError):
        return page("ledger")["books"]["counted"]
    return 0


def all_right(stream, config, page, state, out):
    """Page, rows, Flink's own windows, both ledgers and the proof: each rating once."""
    soon(lambda: counted(page) >= stream.count, seconds=PATIENCE)
    soon(lambda: len(lines_of(out)) >= len(stream.windows), seconds=60)
    rows = [(row["product"], moment_ms(row["end"]), row["stars"]) for row in lines_of(out)]
    assert once(rows) == stream.windows
    lines = committed_lines(stream.kafka, f"{stream.topic}-windows")
    assert (
        once((line["product"], line["end_ms"], line["stars"]) for line in lines) == stream.windows
    )
    shown = page("products?sort=id&limit=500")["rows"]
    sums = dict.fromkeys(shown["id"], 0)
    for (product, _), stars in stream.windows.items():
        sums[product] += sum(stars)
    assert len(sums) == PRODUCTS
    assert dict(zip(shown["id"], shown["all_count"], strict=True)) == sums
    product = next(iter(stream.windows))[0]
    span = f"from_ms={BEGIN_MS - WINDOW_MS}&to_ms={BEGIN_MS + 2_000_000}"
    drawn = page(f"series?id={product}&window={WINDOW_MS}ms&{span}")["points"]
    points = zip(drawn["end_ms"], zip(*drawn["stars"], strict=True), strict=True)
    assert dict(points) == {end: s for (p, end), s in stream.windows.items() if p == product}
    soon(lambda: stream.read_by_flink() >= stream.acknowledged, seconds=60)
    done = starwatch("ledger", "--engine", "flink", "--config", config, "--state", state, "--json")
    told = json.loads(done.out)
    assert (done.code, told["faults"], told["state"]["faults"]) == (0, [], [])
    assert (told["received"], told["counted"]) == (stream.acknowledged, stream.count)
    assert (told["pending"], told["unread"]) == (PARTITIONS, 0)
    done = starwatch("verify", "--state", state, "--against", out)
    assert done.code == 0, done.out + done.err


def test_a_taskmanager_killed_three_times_loses_and_doubles_nothing(
    servers, kafka, unique, tmp_path
):
    need("flink")
    master = servers.run(JobManager(port=server_port(), settings=SOON_LOST))
    worker = servers.run(TaskManager(jobmanager=master.kind, slots=2, settings=SOON_LOST))
    cluster, stream = Cluster(master.kind.address()), Stream(kafka, unique, 500_000)
    config = stream.prepare(tmp_path)
    ran("submit", "--config", str(config), "--cluster", cluster.url)
    with served(config, tmp_path) as (page, state, out):
        stream.send(end=True)
        for share in (0.1, 0.35, 0.6):
            due = share * stream.count
            soon(lambda due=due: stream.read_by_flink() > due, seconds=PATIENCE)
            worker.kill()
            assert stream.read_by_flink() < stream.count, "there was nothing left to lose"
            worker.start()
        all_right(stream, config, page, state, out)
    assert cluster.progress(cluster.find()).restarts >= 3


def test_a_broker_that_is_killed_has_all_that_it_acknowledged_in_the_books_once(
    servers, flink, unique, tmp_path
):
    broker = servers.start(Kafka(port=server_port()))
    # Both partitions are silent while the broker is away. Where that takes longer than `idle`, as
    # it may on a busy machine, what comes first behind it makes ratings of the other one late.
    stream = Stream(broker.kind.address().removeprefix("kafka://"), unique, 60_000, idle="0s")
    config = stream.prepare(tmp_path)
    ran("submit", "--config", str(config), "--cluster", flink)
    try:
        with served(config, tmp_path) as (page, state, out):
            stream.send(high=10_000)
            for low in (10_000, 30_000):
                soon(lambda low=low: stream.read_by_flink() >= low, seconds=PATIENCE)
                sender = threading.Thread(target=stream.send, args=(low, low + 20_000))
                sender.start()
                soon(lambda low=low: stream.acknowledged > low + 500, seconds=60)
                broker.kill()
                broker.start()
                sender.join(LONG)
            stream.send(low=50_000, end=True)
            assert stream.acknowledged == stream.count + PARTITIONS
            all_right(stream, config, page, state, out)
    finally:
        ran("stop", f"{unique}-ratings", "--no-savepoint", "--cluster", flink)
