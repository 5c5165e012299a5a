"""The job of `starwatch flink submit` against the least that Flink can be asked: one HOP on JSON.

Both read one partition at parallelism 1, and write exactly once into Kafka. What counts is the CPU
of the TaskManager for a million messages, once its JVM is warm; the jobs take turns.
"""

import json
from collections.abc import Mapping, Sequence
from itertools import islice
from statistics import median

from benchmarks.data import made
from benchmarks.flink_cluster import Flink, Message, running
from benchmarks.measuring import Given, Result, main
from starwatch.flink.job import FlinkJob
from starwatch.flink.plan import Names, Plan
from starwatch.flink.sql import flink_job
from starwatch.flink.submit import submit
from starwatch.settings.job import build_job

PORTION = 200_000
LEAST = "format `json`, one `HOP`"
CHECKPOINT_MS = 5_000


def portions(given: Given, count: int) -> list[list[Message]]:
    """Portions of the made ratings in their order; each record arrives 3 s behind its rating."""
    with made(given.data, "ratings.jsonl").open("rb") as file:
        lines = islice(map(bytes.rstrip, file), count * PORTION)
        return [
            [(json.loads(line)["timestamp"] + 3_000, line) for line in islice(lines, PORTION)]
            for _ in range(count)
        ]


def least(kafka: str, name: str) -> FlinkJob:
    """Windows alone: what cannot be read ends the job, late ratings are left out unseen."""
    at = f"'connector' = 'kafka', 'properties.bootstrap.servers' = '{kafka}'"
    source = f"""CREATE TEMPORARY TABLE ratings (
        productID STRING, rating INT, `timestamp` BIGINT,
        t AS TO_TIMESTAMP_LTZ(`timestamp`, 3),
        WATERMARK FOR t AS t - INTERVAL '5.001' SECOND
    ) WITH ({at}, 'topic' = '{name}', 'properties.group.id' = '{name}', 'format' = 'json',
        'scan.startup.mode' = 'earliest-offset', 'scan.watermark.emit.strategy' = 'on-event')"""
    target = f"""CREATE TEMPORARY TABLE windows (
        product STRING, start_ms BIGINT, end_ms BIGINT, stars ARRAY<BIGINT NOT NULL>
    ) WITH ({at}, 'topic' = '{name}-windows', 'key.format' = 'raw', 'key.fields' = 'product',
        'value.format' = 'json', 'sink.delivery-guarantee' = 'exactly-once',
        'sink.transactional-id-prefix' = '{name}',
        'properties.transaction.timeout.ms' = '600000')"""
    counts = ", ".join(f"COUNT(*) FILTER (WHERE rating = {star})" for star in range(1, 6))
    insert = f"""EXECUTE STATEMENT SET BEGIN
    INSERT INTO windows
    SELECT productID, EXTRACT(EPOCH FROM window_start) * 1000,
        EXTRACT(EPOCH FROM window_end) * 1000, ARRAY[{counts}]
    FROM TABLE(HOP(TABLE ratings, DESCRIPTOR(t), INTERVAL '5' SECOND, INTERVAL '30' SECOND))
    GROUP BY productID, window_start, window_end;
    END"""
    settings = {
        "parallelism.default": "1",
        "execution.checkpointing.interval": f"{CHECKPOINT_MS} ms",
        "table.local-time-zone": "UTC",
    }
    return FlinkJob(name, settings, (source, target, insert))


def ours(kafka: str, name: str, **rules: object) -> FlinkJob:
    """The generated job."""
    plan = Plan(
        build_job(rules, replay=False),
        (name,),
        kafka,
        names=Names(f"{name}-"),
        group=name,
        parallelism=1,
        checkpoint_ms=CHECKPOINT_MS,
    )
    job = flink_job(plan)
    return FlinkJob(name, job.settings, job.statements)


def begin(flink: Flink, job: FlinkJob, partitions: int = 1) -> None:
    """Make the topics of a job, which are named after it, and submit it."""
    flink.topic(job.name, partitions)
    for each in ("windows", "late", "duplicates", "rejects", "back"):
        flink.topic(f"{job.name}-{each}")
    submit(job.with_settings({"restart-strategy.type": "none"}), flink.cluster)


def rounds(
    flink: Flink, names: Mapping[str, str], parts: Sequence[Sequence[Message]]
) -> dict[str, float]:
    """Median seconds of CPU for a million messages of jobs that run; the first two are warm-up."""
    taken: dict[str, list[float]] = {what: [] for what in names}
    for part in parts:
        for what, name in names.items():
            seconds = flink.taken(name, name, part, 1)
            taken[what].append(seconds * 1_000_000 / len(part))
    return {what: median(times[2:]) for what, times in taken.items()}


def measure(given: Given) -> list[Result]:
    names = {LEAST: "least", "duplicates off": "off", "duplicates by content": "content"}
    with running() as flink:
        begin(flink, least(flink.kafka, "least"))
        begin(flink, ours(flink.kafka, "off", duplicates="off"))
        begin(flink, ours(flink.kafka, "content"))
        taken = rounds(flink, names, portions(given, 2 + given.repeats))
    base = taken.pop(LEAST)
    return [
        Result(
            f"job on Flink, {what}, against {LEAST}: CPU of the TaskManager",
            seconds / base,
            more=False,
            detail=f"{seconds:.1f} s against {base:.1f} s for a million messages of 95 bytes",
        )
        for what, seconds in taken.items()
    ]


if __name__ == "__main__":
    main(measure)
