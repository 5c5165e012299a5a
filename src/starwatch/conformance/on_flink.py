"""The same streams on a real Flink: one job each, all of them submitted at once.

A job reads what its topic holds and ends there, where Flink closes all windows. Topics and jobs
have names that nobody else has, and are gone when this is over, however it ends.
"""

import time
from collections import Counter
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace

import msgspec

from starwatch.clients.kafka import Address
from starwatch.conformance.clock import Record, TickRecord, records
from starwatch.conformance.findings import DUPLICATE, LATE, REJECTED, Findings, Stars, Window
from starwatch.conformance.stream import INPUT, Place, Stream
from starwatch.conformance.topics import Topics
from starwatch.errors import ClusterFailed, StarwatchError
from starwatch.flink.job import FlinkJob
from starwatch.flink.plan import Names, Plan
from starwatch.flink.rest import Cluster, Submitted
from starwatch.flink.security import java_security
from starwatch.flink.sql import flink_job
from starwatch.flink.submit import submit_all
from starwatch.windows.job import Job

_LEAST_MS, _MOST_MS = -62_135_596_800_000, 3_155_760_000_000
"""Rules that refuse nothing: from the year 1 on, and up to a hundred years ahead."""

_CHECKPOINT_MS = 2_000
_LOOK_SECONDS = 0.3
_AGAIN_SECONDS = 3

_FAILING = {"FAILED", "FAILING", "CANCELED", "CANCELLING", "RESTARTING"}
_NO_SLOTS = "Could not acquire the minimum required resources"
"""What Flink says of a job that there are not enough slots for."""

_LOGS = "The logs of the cluster say more; a fault of the SQL is one of Starwatch"

SECONDS = 1_800.0
"""How long the jobs may take, all together; they take one where a million is ten."""


@dataclass(frozen=True, slots=True)
class Written:
    """What a job wrote.

    Attributes:
        findings: What it made of its stream.
        counted: How many ratings of each product it counted.
    """

    findings: Findings
    counted: Counter[str]


class OnFlink:
    """Runs streams on a cluster.

    Args:
        cluster: The cluster of Flink.
        kafka: The cluster of Kafka, which both this process and Flink reach under this address.
        jars: Files that the cluster and PyFlink have not among their own.
    """

    def __init__(self, cluster: Cluster, kafka: Address, jars: tuple[str, ...] = ()) -> None:
        self._cluster = cluster
        self._kafka = kafka
        self._jars = jars

    def run(self, streams: Sequence[Stream]) -> list[Written]:
        """What Flink makes of each of these streams.

        Raises:
            ClusterFailed: Flink does not answer, or a job failed.
            RunError: Kafka does not answer or refuses.
        """
        self._cluster.jobs()  # says so if it does not answer, before anything is made
        topics = Topics(self._kafka)
        plans = [self._plan(topics, number, each) for number, each in enumerate(streams)]
        jobs = [_ending(plan) for plan in plans]
        sent = [records(stream) for stream in streams]
        try:
            for plan, stream, written in zip(plans, streams, sent, strict=True):
                topics.make(_partitions(plan, stream))
                topics.send(plan.topics[0], written, plan.names.prefix)
            submit_all(jobs, self._cluster, jars=self._jars)
            self._wait({job.name for job in jobs})
            return [
                _written(topics, plan, _offsets(each))
                for plan, each in zip(plans, sent, strict=True)
            ]
        finally:
            self._cancel({job.name for job in jobs})
            topics.drop([plan.group for plan in plans])

    def _plan(self, topics: Topics, number: int, stream: Stream) -> Plan:
        name = f"{topics.prefix}{number}"
        return Plan(
            job=_both_limits(stream.job),
            topics=(f"{name}-ratings",),
            hosts=self._kafka.hosts,
            input=INPUT,
            group=name,
            security=java_security(self._kafka.config, masked=False),
            names=Names(f"{name}-"),
            parallelism=min(len(stream.caught_up), 2),
            checkpoint_ms=_CHECKPOINT_MS,
            bounded=True,
        )

    def _wait(self, names: set[str]) -> None:
        end = time.monotonic() + SECONDS
        while True:
            jobs = [job for job in self._cluster.jobs() if job.name in names]
            for job in jobs:
                self._check(job)
            if not any(job.runs for job in jobs):
                return
            if time.monotonic() > end:
                raise ClusterFailed(
                    f"jobs have not ended within {SECONDS:g} s",
                    hint="See that the cluster has two free slots: `starwatch flink status`",
                )
            time.sleep(_LOOK_SECONDS)

    def _check(self, job: Submitted) -> None:
        """Say that a job has failed; one that only waits for slots has not."""
        if job.state not in _FAILING:
            return
        why = self._cluster.progress(job).failure
        if _NO_SLOTS not in why or not job.runs:
            hint = "Free slots of the cluster, or give it more" if _NO_SLOTS in why else _LOGS
            raise ClusterFailed(f"the job {job.name} has failed: {why}", hint=hint)

    def _cancel(self, names: set[str]) -> None:
        """End what still runs; a cluster that is away has nothing that could be ended."""
        with suppress(StarwatchError):
            running = [job for job in self._cluster.jobs() if job.name in names and job.runs]
            for job in running:
                self._cluster.cancel(job)
            for job in running:
                self._cluster.wait_end(job)


def _both_limits(job: Job) -> Job:
    """The job with both limits of event times or none, as `starwatch run` always has them."""
    if job.oldest_ms is None and job.ahead_ms is None:
        return job
    return replace(
        job,
        oldest_ms=_LEAST_MS if job.oldest_ms is None else job.oldest_ms,
        ahead_ms=_MOST_MS if job.ahead_ms is None else job.ahead_ms,
    )


def _ending(plan: Plan) -> FlinkJob:
    """The job, started again until there are slots for it: a standalone cluster lets none wait."""
    return flink_job(plan).with_settings(
        {
            "restart-strategy.type": "fixed-delay",
            "restart-strategy.fixed-delay.attempts": str(int(SECONDS / _AGAIN_SECONDS)),
            "restart-strategy.fixed-delay.delay": f"{_AGAIN_SECONDS} s",
        }
    )


def _partitions(plan: Plan, stream: Stream) -> dict[str, int]:
    """All topics of a job; those that it writes have one partition each."""
    names = plan.names
    written = (names.windows, names.late, names.duplicates, names.rejects, names.back)
    return {plan.topics[0]: len(stream.caught_up), **dict.fromkeys(written, 1)}


class _Window(msgspec.Struct):
    """A line of the topic of windows."""

    window: str
    product: str
    end_ms: int
    stars: tuple[int, ...]


class _Back(msgspec.Struct):
    """A line of the topic that has all the rest."""

    kind: str
    product: str = ""
    stars: tuple[int, ...] = ()
    partition: int = 0
    offset: int = 0
    met_ms: int | None = None


_KINDS = {"late": LATE, "duplicate": DUPLICATE, "rejected": REJECTED}


def _offsets(sent: Sequence[Record]) -> dict[int, int]:
    """Of a topic with ticks, the offset in the stream by that in Kafka; else nothing."""
    if not any(isinstance(each, TickRecord) for each in sent):
        return {}
    held = [number for number, each in enumerate(sent) if not isinstance(each, TickRecord)]
    return {offset: number for number, offset in enumerate(held)}


def _written(topics: Topics, plan: Plan, offsets: Mapping[int, int]) -> Written:
    windows: dict[Window, Stars] = {}
    decode = msgspec.json.Decoder(_Window).decode
    for line in topics.committed(plan.names.windows):
        row = decode(line)
        revision = 0
        while (key := (row.window, row.product, row.end_ms, revision)) in windows:
            revision += 1
        windows[key] = row.stars
    others: dict[Place, str] = {}
    behind: dict[Place, int] = {}
    counted: Counter[str] = Counter()
    decode_back = msgspec.json.Decoder(_Back).decode
    for line in topics.committed(plan.names.back):
        told = decode_back(line)
        place = (told.partition, offsets.get(told.offset, told.offset))
        if told.kind in _KINDS:
            others[place] = _KINDS[told.kind]
        elif told.kind == "pane":
            counted[told.product] += sum(told.stars)
        elif told.kind == "partly":
            counted[told.product] += 1
            behind[place] = told.met_ms or 0
    return Written(Findings(windows, others, counted.total(), behind), counted)
