"""A client of the REST API of a session cluster."""

import json
import time
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPException
from typing import Any
from urllib.parse import quote, urlsplit

from starwatch.errors import BadSetting, ClusterFailed
from starwatch.flink.causes import what_java_said

USUAL = "http://127.0.0.1:8081"
"""Where `make cluster` has it."""

SAVEPOINT_SECONDS = 900.0
"""How long a savepoint may take; large states are written for minutes."""

_PAUSE = 0.2

_LOOK = "See `starwatch flink status`"
_LOGS = "The log of the JobManager says more"


@dataclass(frozen=True, slots=True)
class Submitted:
    """A job as the cluster lists it.

    Args:
        id: 32 hexadecimal digits.
        name: As it was submitted.
        state: `RUNNING`, `RESTARTING`, `FAILED` and so on.
        start_ms: When it was submitted.
    """

    id: str
    name: str
    state: str
    start_ms: int

    @property
    def runs(self) -> bool:
        """Whether it has not ended, be it that it just starts again."""
        return self.state not in {"FINISHED", "CANCELED", "FAILED"}


@dataclass(frozen=True, slots=True)
class Progress:
    """How a job is.

    Args:
        job: Which.
        parallelism: The largest of its parts.
        restarts: How often it was started again.
        checkpoints: How many were completed.
        checkpoint: Path of the last one, if any; a job can go on from there if it was kept.
        checkpoint_ms: When that one was triggered.
        state_bytes: What it holds.
        failure: What the last failure said, in one line; empty if there was none.
    """

    job: Submitted
    parallelism: int
    restarts: int
    checkpoints: int
    checkpoint: str | None
    checkpoint_ms: int | None
    state_bytes: int
    failure: str


class Cluster:
    """Asks one cluster.

    Args:
        url: Of its REST API: `http://HOST:PORT`.
        timeout: How many seconds it may be silent.

    Raises:
        BadSetting: no such URL can be.
    """

    def __init__(self, url: str = USUAL, *, timeout: float = 60.0) -> None:
        try:
            parts = urlsplit(url)
            host, port = parts.hostname, parts.port
        except ValueError:
            host, port = None, None
        if not host or parts.scheme != "http" or parts.path.strip("/") or parts.query:
            raise BadSetting(
                f"{url} is not where a cluster of Flink can be", hint=f"Write it as {USUAL}"
            )
        self.url = url.rstrip("/")
        self.host = host
        self.port = port or 80
        self._timeout = timeout

    def jobs(self) -> list[Submitted]:
        """All that it knows of, the newest first; those that ended for an hour or so.

        Raises:
            ClusterFailed: it does not answer, or is none.
        """
        listed = self._ask("GET", "/jobs/overview")["jobs"]
        jobs = [Submitted(j["jid"], j["name"], j["state"], j["start-time"]) for j in listed]
        return sorted(jobs, key=lambda job: job.start_ms, reverse=True)

    def find(self, which: str | None = None) -> Submitted:
        """A job by id or name, the newest of that name; without one the only one that runs.

        Raises:
            ClusterFailed: there is no such job, or several run.
        """
        jobs = self.jobs()
        if which is not None:
            found = [job for job in jobs if which in {job.id, job.name}]
            if not found:
                raise ClusterFailed(f"{self.url} knows no job {which}", hint=_known(jobs))
            return next((job for job in found if job.runs), found[0])
        running = [job for job in jobs if job.runs]
        if len(running) != 1:
            what = "runs no job" if not running else f"runs {len(running)} jobs"
            raise ClusterFailed(f"{self.url} {what}", hint=_known(running))
        return running[0]

    def progress(self, job: Submitted) -> Progress:
        """How a job is.

        Raises:
            ClusterFailed: it is not known any more.
        """
        path = f"/jobs/{job.id}"
        detail = self._ask("GET", path)
        written = self._ask("GET", f"{path}/checkpoints")
        told = self._ask("GET", f"{path}/exceptions")["exceptionHistory"]["entries"]
        last = (written.get("latest") or {}).get("completed") or {}
        return Progress(
            Submitted(job.id, job.name, detail["state"], job.start_ms),
            parallelism=max((v["parallelism"] for v in detail["vertices"]), default=0),
            restarts=_restarts(self._ask("GET", f"{path}/metrics?get=numRestarts")),
            checkpoints=(written.get("counts") or {}).get("completed", 0),
            checkpoint=last.get("external_path"),
            checkpoint_ms=last.get("trigger_timestamp"),
            state_bytes=last.get("state_size", 0),
            failure=what_java_said(told[0]["stacktrace"]) if told else "",
        )

    def stop(self, job: Submitted, folder: str | None = None) -> str:
        """Stop a job behind a savepoint; the savepoint's path. No open window is closed by it.

        Args:
            job: Which.
            folder: Where the savepoint goes; None: where the cluster keeps them.

        Raises:
            ClusterFailed: it could not be written; the job is not stopped.
        """
        body = {"drain": False, **({"targetDirectory": folder} if folder else {})}
        trigger = self._ask("POST", f"/jobs/{job.id}/stop", body)["request-id"]
        end = time.monotonic() + SAVEPOINT_SECONDS
        while time.monotonic() < end:
            told = self._ask("GET", f"/jobs/{job.id}/savepoints/{trigger}")
            if told["status"]["id"] == "COMPLETED":
                return _location(told["operation"])
            time.sleep(_PAUSE)
        raise ClusterFailed(
            f"no savepoint of {job.name} within {SAVEPOINT_SECONDS:g} s", hint=_LOOK
        )

    def cancel(self, job: Submitted) -> None:
        """End a job now; its last checkpoint stays where it is to be kept.

        Raises:
            ClusterFailed: it is not known any more.
        """
        self._ask("PATCH", f"/jobs/{job.id}?mode=cancel")

    def wait_end(self, job: Submitted, seconds: float = 120.0) -> Submitted:
        """Wait until a job that is to stop has ended; as it then is.

        Raises:
            ClusterFailed: it has not in time.
        """
        end = time.monotonic() + seconds
        while (now := self.find(job.id)).runs:
            if time.monotonic() > end:
                raise ClusterFailed(
                    f"{job.name} has not ended within {seconds:g} s: {now.state}", hint=_LOOK
                )
            time.sleep(_PAUSE)
        return now

    def _ask(self, method: str, path: str, body: dict[str, Any] | None = None) -> Any:
        connection = HTTPConnection(self.host, self.port, timeout=self._timeout)
        try:
            sent = json.dumps(body) if body is not None else None
            connection.request(method, quote(path, safe="/?=&"), sent)
            answer = connection.getresponse()
            status, text = answer.status, answer.read()
        except (OSError, HTTPException) as error:
            why = getattr(error, "strerror", None) or str(error) or type(error).__name__
            raise ClusterFailed(
                f"{self.url} does not answer: {why.lower()}",
                hint="Start a cluster (in a clone: make cluster), or give another --cluster",
            ) from None
        finally:
            connection.close()
        return self._read(status, text)

    def _read(self, status: int, text: bytes) -> Any:
        try:
            told = json.loads(text)
        except ValueError:
            told = None
        if status in range(200, 300) and told is not None:
            return told
        if isinstance(told, dict) and (errors := told.get("errors")):
            raise ClusterFailed(f"{self.url} refuses: {what_java_said(errors[-1])}", hint=_LOGS)
        raise ClusterFailed(
            f"{self.url} answers otherwise than the REST API of Flink: {status}",
            hint="Check --cluster",
        )


def _known(jobs: list[Submitted]) -> str:
    if not jobs:
        return "Submit one: starwatch flink submit"
    return "It knows " + ", ".join(f"{job.name} ({job.id}, {job.state})" for job in jobs[:5])


def _location(operation: dict[str, Any]) -> str:
    """Where a savepoint is, or why there is none."""
    if "location" in operation:
        return str(operation["location"])
    cause = operation.get("failure-cause") or {}
    why = what_java_said(cause.get("stack-trace") or cause.get("class") or "no reason given")
    raise ClusterFailed(f"no savepoint could be written: {why}", hint=_LOOK)


def _restarts(metrics: list[dict[str, str]]) -> int:
    """The value of a metric, which is there once the job has run."""
    return int(metrics[0]["value"]) if metrics else 0
