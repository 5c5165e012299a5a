"""One cluster of Flink, one NiFi for all processes of a test run: the first that asks starts it.

Each takes half a minute of a small machine, and up to a gigabyte of it: too much for each process
of pytest-xdist. A keeper process owns it and stops it when all that use it have ended, however they
ended: `shared.py NAME FOLDER`, started by `address`.
"""

import fcntl
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from live.starting import Servers
from servers.flink import JobManager, TaskManager
from servers.nifi import NiFi
from servers.ports import free_port
from servers.processes import Process, wait

SLOTS = 8
"""So that tests of several processes find room beside each other."""

START = 300.0


def flink(servers: Servers) -> str:
    """Start a cluster; its URL."""
    jobmanager = JobManager(port=free_port())
    # One after the other: a server is killed when the thread that started it ends.
    servers.run(jobmanager)
    servers.run(TaskManager(jobmanager=jobmanager, slots=SLOTS))
    return jobmanager.address()


def nifi(servers: Servers) -> str:
    """Start a node; the URL of its REST API and page."""
    node = NiFi(port=free_port())
    servers.run(node)
    return node.address()


KNOWN: dict[str, Callable[[Servers], str]] = {"flink": flink, "nifi": nifi}


def address(name: str, folder: Path) -> str:
    """The URL of what users of this folder share; it lives as long as this process.

    Args:
        name: Which of those known here.
        folder: The same for all that share it; one for each name.

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
                    [sys.executable, "-m", "live.shared", name, str(folder)],
                    cwd=Path(__file__).parents[1],
                    env=os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)},
                    stdin=subprocess.DEVNULL,
                    stdout=output,
                    stderr=subprocess.STDOUT,
                    start_new_session=True,
                )
            wait(lambda: told.exists() or keeper.poll() is not None, START)
            if not told.exists():
                raise RuntimeError(f"{name} did not come up:\n{log.read_text()}")
            keeper.returncode = 0  # it outlives this process, which is not to complain
        return told.read_text()


def keep(name: str, folder: Path) -> None:
    """Start it, say where it is, and stop it when nobody is left."""
    with Servers() as servers:
        told = folder / "address"
        part = folder / "address.part"
        part.write_text(KNOWN[name](servers))
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
    keep(sys.argv[1], Path(sys.argv[2]))
