"""The same messages on a real Flink and on the embedded engine: the same windows and books."""

import json
from dataclasses import replace

import pytest

from live.flink_equal import BASE, Message, by_flink, embedded, ending, produce, untidy
from live.kafka_ratings import make_topic
from servers.processes import wait
from starwatch.flink.rest import Cluster
from starwatch.flink.sql import flink_job
from starwatch.flink.submit import submit
from starwatch.settings.job import build_job

pytestmark = pytest.mark.slow

LONG = 600.0
"""Seconds that a busy machine has for what takes twenty on one at rest."""

STRATEGY = {
    "restart-strategy.type": "fixed-delay",
    "restart-strategy.fixed-delay.attempts": "100",
    "restart-strategy.fixed-delay.delay": "3 s",
}
"""Jobs of other tests may have all slots for a while, and a standalone cluster lets none wait."""


def run(flink, kafka, plan, messages):
    """Send the messages, run the job to their end, and read what it wrote."""
    (topic,) = plan.topics
    # Their times are long past, and a topic would let them go for that.
    make_topic(kafka, topic, partitions=1 + max(m.partition for m in messages), retention_ms=-1)
    names = plan.names
    for each in (names.windows, names.late, names.duplicates, names.rejects, names.back):
        make_topic(kafka, each)
    produce(kafka, topic, messages)
    cluster = Cluster(flink)
    job = replace(flink_job(plan), name=topic).with_settings(STRATEGY)
    submit(job, cluster)
    assert wait(lambda: not cluster.find(topic).runs, LONG)
    assert cluster.find(topic).state == "FINISHED"
    return by_flink(kafka, plan)


def test_one_partition_with_all_that_can_be_wrong(flink, kafka, unique):
    job = build_job({"window": ["30s/5s", "1m"], "bound": "3s"}, replay=False)
    messages = untidy(1, 4000)
    plan = ending(job, kafka, unique)
    expected = embedded(plan, messages)
    assert len(expected.late) > 50
    assert len(expected.duplicates) > 200
    assert len(set(expected.rejects.values())) == 8
    assert run(flink, kafka, plan, messages) == expected


def test_three_partitions_within_the_bound_at_parallelism_two(flink, kafka, unique):
    job = build_job(
        {"window": ["30s/5s", "1h/1h+7m"], "bound": "5s", "duplicates": "off"}, replay=False
    )
    messages = untidy(2, 4000, partitions=3, late=False)
    plan = ending(job, kafka, unique, parallelism=2)
    expected = embedded(plan, messages)
    assert len(expected.windows) > 200
    assert expected.late == set()
    assert run(flink, kafka, plan, messages) == expected


TIMES = (
    *(1_700_000_000, 1_700_000_000_000, "1700000000.5", 9e10, 5e13, 253_402_300_799_999_999, 0, -5),
    *(-62_135_596_800, -3e11, -62_135_596_800_000, -2e14, "", None),
    *(-62_135_596_801, -62_135_596_800_001, 253_402_300_800_000_000, 1e30, "soon", True),
)
"""Of the years 1 to 9999, or absent; then those that are no times."""


def test_by_arrival_the_same_times_are_none(flink, kafka, unique):
    job = build_job({"time": "arrival", "duplicates": "off"}, replay=False)
    ratings = ({"productID": "p", "rating": 5, "timestamp": time} for time in TIMES)
    messages = [Message(BASE, 0, json.dumps(rating).encode()) for rating in ratings]
    plan = ending(job, kafka, unique)
    expected = embedded(plan, messages)
    assert sorted(expected.rejects) == [(0, 14 + number) for number in range(6)]
    assert run(flink, kafka, plan, messages) == expected


def test_by_arrival_what_comes_again_later_is_known_by_its_own_time(flink, kafka, unique):
    job = build_job({"time": "arrival", "duplicates": "content"}, replay=False)
    one = {"reviewerID": "A1", "productID": "p", "rating": 5, "timestamp": 1_400_000_000}
    ratings = (
        *(one, one, one | {"timestamp": 1_400_000_001}, one | {"rating": 4}),
        *(one | {"reviewerID": ""}, one | {"reviewerID": ""}, one),
        *(one | {"timestamp": None}, one | {"timestamp": None}),
    )
    messages = [
        Message(BASE + 7 * number, 0, json.dumps(rating).encode())
        for number, rating in enumerate(ratings)
    ]
    plan = ending(job, kafka, unique)
    expected = embedded(plan, messages)
    assert expected.duplicates == {(0, 1), (0, 6)}
    assert run(flink, kafka, plan, messages) == expected
