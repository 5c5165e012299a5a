"""Figures from which the size of a cluster follows (docs/scale.md): bytes, state, skew, slots.

Bytes and counts are exact for the data; CPU is that of the TaskManager for a million messages, jobs
taking turns. Local-global aggregation is the planner's own choice; `ONE_PHASE` switches it off.
"""

import json
import time
from collections.abc import Mapping, Sequence
from statistics import median

from confluent_kafka import Consumer, TopicPartition

from benchmarks.flink_cluster import PATIENCE, Flink, Message, running
from benchmarks.flink_cost import begin, ours, portions
from benchmarks.measuring import Given, Result, main
from servers.processes import wait
from starwatch.flink.job import FlinkJob

PANE_MS, BOUND_MS = 5_000, 5_000
PANES_OF_WINDOW = 6
OUT = "windows_out"
_METRICS = 12.0
"""Seconds after which the JobManager has counts anew."""

ONE_PHASE = {"table.optimizer.agg-phase-strategy": "ONE_PHASE"}


def jobs(kafka: str) -> dict[str, tuple[FlinkJob, int]]:
    """Jobs with the number of partitions that each reads."""
    two = {"parallelism.default": "2"}
    return {
        "content": (ours(kafka, "content"), 1),
        "one": (ours(kafka, "one", duplicates="off"), 1),
        "two": (ours(kafka, "two", duplicates="off").with_settings(two), 2),
        "global": (ours(kafka, "global", duplicates="off").with_settings(two | ONE_PHASE), 2),
    }


def topic_bytes(flink: Flink, topic: str) -> tuple[int, int]:
    """What the only partition of a topic takes on disk, and how many messages it holds."""
    consumer = Consumer({"bootstrap.servers": flink.kafka, "group.id": "sizes"})
    _, end = consumer.get_watermark_offsets(TopicPartition(topic, 0), timeout=60)
    consumer.close()
    logs = flink.folder.rglob(f"{topic}-0/*.log")
    return sum(file.stat().st_size for file in logs), end


def state_bytes(flink: Flink, name: str) -> dict[str, int]:
    """What each part of a job has in the last checkpoint, by the operators that the part has."""
    job = flink.cluster.find(name).id
    done = flink.asked(f"/jobs/{job}/checkpoints")["latest"]["completed"]
    tasks = flink.asked(f"/jobs/{job}/checkpoints/details/{done['id']}")["tasks"]
    names = {each["id"]: each["name"] for each in flink.asked(f"/jobs/{job}")["vertices"]}
    return {names[task]: told["state_size"] for task, told in tasks.items()}


def read_by_windows(flink: Flink, name: str) -> list[int]:
    """How many rows each part of the operator of windows, not of panes, has read."""
    job = flink.cluster.find(name).id
    vertices = flink.asked(f"/jobs/{job}")["vertices"]
    (windows,) = (each for each in vertices if "Window" in each["name"] and OUT in each["name"])
    seen: list[list[int]] = []

    def settled() -> bool:
        parts = flink.asked(f"/jobs/{job}/vertices/{windows['id']}")["subtasks"]
        seen.append([part["metrics"]["read-records"] for part in parts])
        if len(seen) > 1 and seen[-1] == seen[-2] and all(seen[-1]):
            return True
        time.sleep(_METRICS)
        return False

    if not wait(settled, PATIENCE):
        raise RuntimeError(f"the counts of {name} do not come to rest")
    return seen[-1]


def open_panes(read: Sequence[Message]) -> int:
    """How many panes of products the windows that are open behind these messages hold."""
    ratings = [json.loads(value) for _, value in read]
    times = [rating["timestamp"] for rating in ratings]
    closed = (max(times) - BOUND_MS - 1) // PANE_MS * PANE_MS
    first = closed - (PANES_OF_WINDOW - 1) * PANE_MS
    inside = zip(ratings, times, strict=True)
    return len({(each["productID"], at // PANE_MS) for each, at in inside if at >= first})


def rounds(
    flink: Flink, made: Mapping[str, tuple[FlinkJob, int]], parts: Sequence[Sequence[Message]]
) -> dict[str, float]:
    """Median seconds of CPU for a million messages; the first portion is warm-up."""
    taken: dict[str, list[float]] = {name: [] for name in made}
    for part in parts:
        for name, (_, partitions) in made.items():
            seconds = flink.taken(name, name, part, partitions)
            taken[name].append(seconds * 1_000_000 / len(part))
    return {name: median(times[1:]) for name, times in taken.items()}


def bytes_of_topics(flink: Flink) -> list[Result]:
    """Of a rating, a row of `back` and a row of windows."""
    found = []
    for topic, what in (("", "a rating"), ("-back", "a row of `back`"), ("-windows", "a window")):
        size, rows = topic_bytes(flink, f"one{topic}")
        found.append(Result(f"Kafka: {what}, not compressed", size / rows, "B", detail=f"{rows}"))
    return found


def bytes_of_state(flink: Flink, read: Sequence[Message]) -> list[Result]:
    """Of a product's pane in open windows, and of a rating that is remembered."""
    parts = state_bytes(flink, "content")
    windows = next(size for name, size in parts.items() if OUT in name and "Window" in name)
    known = next(size for name, size in parts.items() if "OverAggregate" in name)
    panes = open_panes(read)
    return [
        Result(
            "checkpoint: a product's pane in open windows", windows / panes, "B", detail=f"{panes}"
        ),
        Result("checkpoint: a remembered rating", known / len(read), "B", detail=f"{len(read)}"),
    ]


def of_runs(flink: Flink, taken: Mapping[str, float]) -> list[Result]:
    """What parallelism and local-global aggregation cost and save."""
    local, whole = read_by_windows(flink, "two"), read_by_windows(flink, "global")
    return [
        Result(
            "parallelism 2 against 1: CPU of the TaskManager",
            taken["two"] / taken["one"],
            detail=f"{taken['two']:.1f} s against {taken['one']:.1f} s a million",
        ),
        Result(
            "`ONE_PHASE` against local-global, parallelism 2: CPU of the TaskManager",
            taken["global"] / taken["two"],
            detail=f"{taken['global']:.1f} s against {taken['two']:.1f} s a million",
        ),
        Result(
            "the same: rows that go to the windows",
            sum(whole) / sum(local),
            detail=f"{sum(whole)} against {sum(local)}",
        ),
        Result(
            "the same: rows of the busiest of two parts",
            max(whole) / max(local),
            detail=f"{max(whole)} against {max(local)}",
        ),
    ]


def measured(flink: Flink, parts: Sequence[Sequence[Message]]) -> list[Result]:
    """All rows, of a cluster that runs nothing else."""
    made = jobs(flink.kafka)
    for job, partitions in made.values():
        begin(flink, job, partitions)
    taken = rounds(flink, made, parts)
    read = [message for part in parts for message in part]
    return [*bytes_of_topics(flink), *bytes_of_state(flink, read), *of_runs(flink, taken)]


def measure(given: Given) -> list[Result]:
    with running() as flink:
        return measured(flink, portions(given, 1 + given.repeats))


if __name__ == "__main__":
    main(measure)
