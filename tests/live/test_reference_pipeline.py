"""`make reference`: the pipeline of 2021, each stage a real server, from replay to page."""

import csv
import json
import subprocess
import sys
from collections import defaultdict
from decimal import Decimal
from fractions import Fraction
from pathlib import Path

import pytest
from confluent_kafka import TIMESTAMP_CREATE_TIME, Consumer

from commands import starwatch
from live.service import say, until
from live.starting import need
from live.test_flink import LONG
from servers.ports import HOST, free_ports, listens
from servers.reference import TOPIC, USUAL
from starwatch.ratings.durations import moment_ms

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[2]
ROWS = 30
SIZE_MS, SLIDE_MS = 30_000, 5_000


def reference(what, folder, ports, *words):
    given = [f"--port={name}={port}" for name, port in ports.items()]
    line = [sys.executable, "-m", "servers.reference", what, "--folder", folder, *given, *words]
    done = subprocess.run(line, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout.splitlines()


@pytest.fixture
def pipeline(shared_data, tmp_path):
    """Its folder and the port of each stage; at the end no process and no port is left."""
    need("mosquitto", "kafka", "flink", "nifi")
    ports = dict(zip(USUAL, free_ports(len(USUAL)), strict=True))
    folder = tmp_path / "reference"
    data = shared_data / "movies_and_tv_first_252.csv"
    try:
        told = reference("start", folder, ports, "--data", data)
        for stage in ("mosquitto", "nifi", "flow", "kafka", "flink", "job", "page", "replay"):
            assert any(line.startswith(f"{stage} ") for line in told)
        yield folder, ports
    finally:
        reference("stop", folder, ports)
    assert not any(listens(port) for port in ports.values())
    assert not list(folder.glob("*/process.json"))


def windows(folder):
    """What the page has: means by product, of each window that has closed, by its end."""
    state = folder / "page" / "state"
    done = starwatch("export", "--state", state, "--format", "csv", "--out", "-", "--as-emitted")
    found = defaultdict(dict)
    if done.code == 0:  # else there is nothing yet
        for row in csv.DictReader(done.out.splitlines()):
            found[moment_ms(row["end"])][row["product"]] = Fraction(row["mean"])
    return found


def records(port):
    """Time, product and stars of the first rows in Kafka, as NiFi wrote them."""
    consumer = Consumer(
        {
            "bootstrap.servers": f"{HOST}:{port}",
            "group.id": "test",
            "auto.offset.reset": "earliest",
            "log_level": 0,
        }
    )
    consumer.subscribe([TOPIC])
    found = []

    def all_there():
        for message in consumer.consume(ROWS - len(found), 1.0):
            if message.error() is None:  # at first there is no topic
                kind, at_ms = message.timestamp()
                assert kind == TIMESTAMP_CREATE_TIME
                _, _, _, stars, product = message.value().decode().rstrip("\n").split(",")
                found.append((at_ms, product, int(stars)))
        return len(found) == ROWS

    until(all_there, LONG)
    consumer.close()
    return found


def by_hand(rows, end_ms):
    """Means by product of one window, each row looked at alone."""
    stars = defaultdict(list)
    for at_ms, product, number in rows:
        if end_ms - SIZE_MS <= at_ms < end_ms:
            stars[product].append(number)
    return {product: Fraction(sum(each), len(each)) for product, each in stars.items()}


def to_cents(window):
    cent = Decimal("0.01")
    return {p: (Decimal(m.numerator) / m.denominator).quantize(cent) for p, m in window.items()}


def on_time(rows, first):
    """Whether five rows came in each slide, the first ones before `first`, as it was in 2021."""
    return all(
        first + (number // 5 - 1) * SLIDE_MS <= at_ms < first + number // 5 * SLIDE_MS
        for number, (at_ms, _, _) in enumerate(rows)
    )


def table_of_2021(shared_data):
    """The means of the first six windows, calculated by hand, with two digits."""
    file = shared_data / "movies_and_tv_first_six_windows.json"
    windows = json.loads(file.read_text(), parse_float=Decimal)["windows"]
    cent = Decimal("0.01")
    return [{product: mean.quantize(cent) for product, mean in each.items()} for each in windows]


def test_the_means_calculated_by_hand_are_on_the_page(pipeline, shared_data):
    folder, ports = pipeline
    rows = records(ports["kafka"])
    first = (rows[0][0] // SLIDE_MS + 1) * SLIDE_MS
    ends = range(first, first + SIZE_MS, SLIDE_MS)
    until(lambda: set(ends) <= set(windows(folder)), LONG)
    shown = windows(folder)
    assert {end: shown[end] for end in ends} == {end: by_hand(rows, end) for end in ends}

    if not on_time(rows, first):
        say("the machine was too busy for a rating a second: the table of 2021 does not apply")
        return
    assert [to_cents(shown[end]) for end in ends] == table_of_2021(shared_data)
