"""`make reference`: the pipeline of 2021, each stage a real server, from replay to page."""

import time
from contextlib import closing

import pytest
from confluent_kafka import TIMESTAMP_CREATE_TIME, Consumer, TopicPartition

from browser.tab import browsing, tab
from commands import starwatch
from live.reference import pipeline_of
from live.service import until
from live.six_windows import (
    SIZE_MS,
    SLIDE_MS,
    by_hand,
    ends_of,
    on_page,
    on_time,
    page,
    table_of_2021,
    to_cents,
)
from live.test_flink import LONG
from servers.ports import HOST
from servers.reference import TOPIC

pytestmark = pytest.mark.slow

ROWS = 30
PRODUCT = "0000589012"
TRIES = 4
"""On a busy machine a rating may come too late for its slide, and then the table does not apply."""

STAGES = ("mosquitto", "nifi", "flow", "kafka", "flink", "job", "page", "replay")


@pytest.fixture
def file(shared_data, tmp_path):
    """The first thirty rows of 2021."""
    rows = (shared_data / "movies_and_tv_first_252.csv").read_text().splitlines(keepends=True)
    first = tmp_path / "first.csv"
    first.write_text("".join(rows[:ROWS]))
    return first


@pytest.fixture
def pipeline(file, tmp_path):
    with pipeline_of(tmp_path / "reference", "--data", file) as (ports, told):
        for stage in STAGES:
            assert any(line.startswith(f"{stage} ") for line in told)
        yield ports


def thirty(consumer):
    """Time, product and stars of the next rows in Kafka, as NiFi wrote them."""
    found = []

    def all_there():
        for message in consumer.consume(ROWS - len(found), 1.0):
            if message.error() is None and message.value() is not None:  # no tick
                kind, at_ms = message.timestamp()
                assert kind == TIMESTAMP_CREATE_TIME
                _, _, _, stars, product = message.value().decode().rstrip("\n").split(",")
                found.append((at_ms, product, int(stars)))
        return len(found) == ROWS

    until(all_there, LONG)
    return found


def shown(port, rows):
    """The first six windows of these rows as the page draws them, once they have closed."""
    ends = ends_of(rows)
    until(lambda: (page(port, "status")["watermark_ms"] or 0) >= ends[-1], LONG)
    drawn = on_page(port, {product for _, product, _ in rows}, ends)
    assert drawn == {end: by_hand(rows, end) for end in ends}
    return [to_cents(drawn[end]) for end in ends]


def in_the_browser(port):
    """The means of one product, as the table behind its chart has them, oldest first."""
    with browsing() as browser, tab(browser, f"http://{HOST}:{port}") as looked:
        looked.open(f"/product?id={PRODUCT}&last=15m").live()
        looked.page.click("#points summary")
        looked.until("() => document.querySelectorAll('#points tbody tr').length > 4")
        return looked.page.evaluate(
            """() => [...document.querySelectorAll("#points tbody tr")]
                 .map((row) => row.cells[1].textContent).reverse()"""
        )


def again(file, ports, last_ms):
    """Play the rows once more, when those of before are in no window that is open."""
    until(lambda: time.time_ns() // 1_000_000 > last_ms + SIZE_MS + SLIDE_MS, LONG)
    broker = f"mqtt://{HOST}:{ports['mosquitto']}/{TOPIC}"
    done = starwatch("replay", file, "--every", "1s", "--to", broker)
    assert done.code == 0, done.err


def test_the_means_calculated_by_hand_are_on_the_page(pipeline, file, shared_data):
    settings = {"bootstrap.servers": f"{HOST}:{pipeline['kafka']}", "group.id": "test"}
    soon = {"topic.metadata.refresh.interval.ms": 1000, "log_level": 0}  # at first there is none
    with closing(Consumer(settings | soon)) as consumer:
        consumer.assign([TopicPartition(TOPIC, 0, 0)])
        rows = thirty(consumer)
        means = shown(pipeline["page"], rows)
        for _ in range(TRIES - 1):
            if on_time(rows):
                break
            again(file, pipeline, rows[-1][0])
            rows = thirty(consumer)
            means = shown(pipeline["page"], rows)
    assert on_time(rows), f"in {TRIES} tries no replay came through at a rating a second"
    table = table_of_2021(shared_data)
    assert means == table
    wanted = [str(each[PRODUCT]) for each in table if PRODUCT in each]
    told = in_the_browser(pipeline["page"])
    assert any(told[at : at + len(wanted)] == wanted for at in range(len(told))), told
