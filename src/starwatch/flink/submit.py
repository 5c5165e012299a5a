"""Submitting jobs: one run of a small script by the Python that has PyFlink."""

import json
import os
import subprocess
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

from starwatch.errors import ClusterFailed, MissingInput
from starwatch.flink.causes import what_java_said
from starwatch.flink.environment import HOW, flink_python
from starwatch.flink.job import FlinkJob
from starwatch.flink.rest import Cluster

SCRIPT = Path(__file__).with_name("pyflink_submit.py")

SECONDS = 600
"""How long a submission may take: 15 s on a machine at rest, most of it the start of two JVMs."""

_MORE_SECONDS = 60
"""How much longer each further job may take, nearly all of it the planning of its SQL."""

NO_PYTHON_IN_JOBS = {"_python_worker_execution_mode": "process"}
"""Else PyFlink starts a server for functions in Python, which needs packages that are left out."""


QUICK_JVM = "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC"
"""Of PyFlink's JVM, unless JVM_ARGS says otherwise. It lives for seconds, in which the second
compiler costs more than it saves."""


def submit(
    job: FlinkJob, cluster: Cluster, *, jars: tuple[str, ...] = (), savepoint: str | None = None
) -> str:
    """Start a job on a session cluster; its id. It goes on when this process ends.

    Args:
        job: Its SQL and its settings.
        cluster: Where.
        jars: Files that the cluster and PyFlink have not among their own, such as a connector.
        savepoint: The path of a savepoint, or of a checkpoint that was kept, to go on from.

    Raises:
        ClusterFailed: the cluster does not answer, runs a job of this name already, or Flink does
            not take the SQL.
        MissingInput: there is no Python with PyFlink.
    """
    if savepoint:
        job = job.with_settings({"execution.state-recovery.path": savepoint})
    return submit_all([job], cluster, jars=jars)[0]


def submit_all(
    jobs: Sequence[FlinkJob], cluster: Cluster, *, jars: tuple[str, ...] = ()
) -> list[str]:
    """Start several jobs of different names by one start of PyFlink; their ids, in this order.

    Raises:
        ClusterFailed: as for `submit`. Others of the jobs may run then.
        MissingInput: there is no Python with PyFlink.
    """
    python = flink_python()
    running = {job.name: job for job in cluster.jobs() if job.runs}
    for job in jobs:
        if other := running.get(job.name):
            raise ClusterFailed(
                f"a job named {job.name} runs already, with id {other.id}",
                hint="A second one would write every window twice. Stop that one first",
            )
    told = _run(python, [_given(job, cluster, jars) for job in jobs])
    for job, each in zip(jobs, told, strict=True):
        if "missing" in each:
            raise MissingInput(f"{python} cannot import PyFlink: {each['missing']}", hint=HOW)
        if "job" not in each:
            raise _refused(job, each)
    return [str(each["job"]) for each in told]


def _given(job: FlinkJob, cluster: Cluster, jars: tuple[str, ...]) -> dict[str, object]:
    settings = {**job.settings, **_where(cluster), "pipeline.name": job.name}
    if jars:
        settings["pipeline.jars"] = ";".join(Path(jar).resolve().as_uri() for jar in jars)
    return {"settings": settings, "statements": job.statements}


def _where(cluster: Cluster) -> dict[str, str]:
    return {
        "execution.target": "remote",
        "execution.attached": "false",
        "rest.address": cluster.host,
        "rest.port": str(cluster.port),
    }


def _run(python: str, given: Sequence[Mapping[str, object]]) -> list[dict[str, object]]:
    """Run the script; its answer to each job."""
    with tempfile.TemporaryDirectory(prefix="starwatch-flink-") as logs:
        try:
            run = subprocess.run(  # noqa: S603 - the user names the interpreter
                [python, "-I", str(SCRIPT)],
                input=json.dumps(given),
                capture_output=True,
                text=True,
                check=False,
                timeout=SECONDS + _MORE_SECONDS * (len(given) - 1),
                env={
                    "JVM_ARGS": QUICK_JVM,
                    **os.environ,
                    "FLINK_LOG_DIR": logs,
                    **NO_PYTHON_IN_JOBS,
                },
            )
        except subprocess.TimeoutExpired:
            raise ClusterFailed(
                "PyFlink has not submitted the job in time",
                hint="See at the cluster whether the job runs: starwatch flink status",
            ) from None
    try:
        told: list[dict[str, object]] = json.loads(run.stdout)
    except ValueError:
        last = (run.stderr.strip().splitlines() or [f"it ended with {run.returncode}"])[-1]
        raise ClusterFailed(f"PyFlink ({python}) failed: {last}") from None
    return told


def _refused(job: FlinkJob, told: Mapping[str, object]) -> ClusterFailed:
    why = what_java_said(str(told["error"]))
    at = told["statement"]
    where = ""
    if isinstance(at, int) and at < len(job.statements):
        first = " ".join(job.statements[at].split()[:4])
        where = f" (statement {at + 1} of {len(job.statements)}, {first} …)"
    hint = ""
    if "Could not find any factory for identifier 'kafka'" in why:
        hint = (
            "PyFlink has no Kafka connector: name the file "
            "flink-sql-connector-kafka-5.0.0-2.2.jar of Maven Central by --jar"
        )
    return ClusterFailed(f"Flink does not take the job{where}: {why}", hint=hint)
