"""One cluster of Flink for all processes of a test run: the first that asks starts it.

It takes more than a gigabyte and half a minute of a small machine, too much for each process of
pytest-xdist. A keeper process owns it and stops it when all that use it have ended, however they
ended: `flink_shared.py FOLDER`, started by `address`.
"""

import fcntl
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from live.starting import Servers
from servers.flink import JobManager, TaskManager
from servers.ports import free_port
from servers.processes import Process, wait

SLOTS = 8
"""So that tests of several processes find room beside each other."""

START = 300.0


def address(folder: Path) -> str:
    """The URL of the cluster that users of this folder share; it lives as long as this process.

    Raises:
        RuntimeError: It did not come up.
    """
    with _alone(folder):
        Process.of(os.getpid()).save(folder / f"user-{os.getpid()}.json")
        told = folder / "address"
        if not told.exists():
            log = folder / "log"
            with log.open("wb") as output:
                keeper = subprocess.Popen(
                    [sys.executable, "-m", "live.flink_shared", str(folder)],
                    cwd=Path(__file__).parents[1],
                    env=os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)},
                    stdin=subprocess.DEVNULL,
                    stdout=output,
                    stderr=subprocess.STDOUT,
                    start_new_session=True,
                )
            wait(lambda: told.exists() or keeper.poll() is not None, START)
            if not told.exists():
                raise RuntimeError(f"Flink did not come up:\n{log.read_text()}")
            keeper.returncode = 0  # it outlives this process, which is not to complain
        return told.read_text()


def keep(folder: Path) -> None:
    """Start the cluster, say where it is, and stop it when nobody is left."""
    with Servers() as servers:
        jobmanager = JobManager(port=free_port())
        # One after the other: a server is killed when the thread that started it ends.
        servers.run(jobmanager)
        servers.run(TaskManager(jobmanager=jobmanager, slots=SLOTS))
        told = folder / "address"
        part = folder / "address.part"
        part.write_text(jobmanager.address())
        part.replace(told)
        while True:
            time.sleep(0.5)
            with _alone(folder):
                if not _used(folder):
                    told.unlink()
                    return


def _used(folder: Path) -> bool:
    users = map(Process.load, folder.glob("user-*.json"))
    return any(user is not None and user.alive for user in users)


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    folder.mkdir(exist_ok=True)
    with (folder / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


if __name__ == "__main__":
    keep(Path(sys.argv[1]))
