"""Submitting jobs, each once: what the cluster runs already is not submitted again."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from starwatch.errors import ClusterFailed, MissingInput
from starwatch.flink.causes import what_java_said
from starwatch.flink.client import run_pyflink
from starwatch.flink.environment import HOW, flink_python
from starwatch.flink.job import FlinkJob
from starwatch.flink.rest import Cluster


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
    for job in jobs:
        _refuse_second(job, cluster)
    told = run_pyflink(python, [_given(job, cluster, jars) for job in jobs])
    for job, each in zip(jobs, told, strict=True):
        if "missing" in each:
            raise MissingInput(f"{python} cannot import PyFlink: {each['missing']}", hint=HOW)
        if "job" not in each:
            raise _refused(job, each)
        # Another client may have been as far: of two jobs the one that came first goes on.
        _refuse_second(job, cluster, str(each["job"]))
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


def _refuse_second(job: FlinkJob, cluster: Cluster, own: str = "") -> None:
    """End the own job, if there is one, where another of its name runs that came before it."""
    running = [each for each in cluster.jobs() if each.name == job.name and each.runs]
    first = min(running, key=lambda each: (each.start_ms, each.id), default=None)
    if first is None or first.id == own:
        return
    for each in running:
        if each.id == own:
            cluster.cancel(each)
    raise ClusterFailed(
        f"a job named {job.name} runs already, with id {first.id}",
        hint="A second one would write every window twice. Stop that one first",
    )


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
