"""One run of `pyflink_submit` by the Python that has PyFlink, which leaves nothing behind."""

import json
import os
import subprocess
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from starwatch.errors import ClusterFailed

SCRIPT = Path(__file__).with_name("pyflink_submit.py")

SECONDS = 600
"""How long a submission may take: 15 s on a machine at rest, most of it the start of two JVMs."""

_MORE_SECONDS = 60
"""How much longer each further job may take, nearly all of it the planning of its SQL."""

QUICK_JVM = "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC"
"""Of PyFlink's JVM, unless JVM_ARGS says otherwise. It lives for seconds, in which the second
compiler costs more than it saves."""

PREFIX = "starwatch-flink-"
"""What the folder is called in which PyFlink and its JVM write: a log, and the planner's jar."""

_NO_PYTHON_IN_JOBS = {"_python_worker_execution_mode": "process"}
"""Else PyFlink starts a server for functions in Python, which needs packages that are left out."""

_ASK = "See at the cluster whether the job runs: starwatch flink status"


def run_pyflink(python: str, given: Sequence[Mapping[str, object]]) -> list[dict[str, object]]:
    """Run the script; its answer to each job.

    Whoever is killed, this process, PyFlink's or its JVM, takes the others with it: each sees the
    other end of a pipe close. What they wrote is removed by the one that is left.

    Raises:
        ClusterFailed: it did not answer.
    """
    with (
        tempfile.TemporaryDirectory(prefix=PREFIX, ignore_cleanup_errors=True) as folder,
        _life_line() as line,
    ):
        try:
            run = subprocess.run(  # noqa: S603 - the user names the interpreter
                [python, "-I", str(SCRIPT), str(line), folder],
                input=json.dumps(given),
                capture_output=True,
                text=True,
                check=False,
                timeout=SECONDS + _MORE_SECONDS * (len(given) - 1),
                pass_fds=(line,),
                env=_environment(folder),
            )
        except subprocess.TimeoutExpired:
            raise ClusterFailed("PyFlink has not submitted the job in time", hint=_ASK) from None
    try:
        told: list[dict[str, object]] = json.loads(run.stdout)
    except ValueError:
        if run.returncode < 0:
            raise ClusterFailed(
                f"PyFlink ({python}) was ended by signal {-run.returncode}", hint=_ASK
            ) from None
        last = (run.stderr.strip().splitlines() or [f"it ended with {run.returncode}"])[-1]
        raise ClusterFailed(f"PyFlink ({python}) failed: {last}") from None
    return told


@contextmanager
def _life_line() -> Iterator[int]:
    """A descriptor that says nothing, until this process has ended."""
    line, own = os.pipe()
    try:
        yield line
    finally:
        os.close(own)
        os.close(line)


def _environment(folder: str) -> dict[str, str]:
    """All that is written goes into one folder; a JVM does not go by TMPDIR."""
    java = f"{os.environ.get('JVM_ARGS', QUICK_JVM)} -Djava.io.tmpdir={folder}".strip()
    own = {"FLINK_LOG_DIR": folder, "TMPDIR": folder, "JVM_ARGS": java}
    return os.environ | own | _NO_PYTHON_IN_JOBS
