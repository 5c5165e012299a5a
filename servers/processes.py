"""A process that outlives the one that started it, found again without mistaking another for it."""

import json
import os
import signal
import subprocess
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

PAUSE = 0.02
"""Seconds between two looks at something that has not happened yet."""


@dataclass(frozen=True, slots=True)
class Process:
    """A process by its id and its beginning: ids are used again, the pair is not."""

    pid: int
    began: str

    @classmethod
    def of(cls, pid: int) -> "Process":
        """The process that has this id now."""
        return cls(pid, _look(pid)[1])

    @property
    def alive(self) -> bool:
        """Whether any of it still runs; one that only nobody has waited for yet does not."""
        state, began = _look(self.pid)
        return began == self.began and state not in {"", "Z", "X"}

    def send(self, number: signal.Signals) -> None:
        """Send it a signal, unless it has ended."""
        if self.alive:
            os.kill(self.pid, number)

    def children(self) -> list["Process"]:
        """The processes that it started, where the system tells of them."""
        table = Path(f"/proc/{self.pid}/task/{self.pid}/children")
        pids = table.read_text().split() if self.alive and table.exists() else []
        return [Process.of(int(pid)) for pid in pids]

    def save(self, file: Path) -> None:
        """Write it down, whole or not at all."""
        part = file.with_suffix(".part")
        part.write_text(json.dumps(asdict(self)) + "\n")
        part.replace(file)

    @classmethod
    def load(cls, file: Path) -> "Process | None":
        """What `save` wrote, or None."""
        try:
            known: dict[str, Any] = json.loads(file.read_text())
        except FileNotFoundError:
            return None
        return cls(known["pid"], known["began"])


def wait(done: Callable[[], bool], seconds: float) -> bool:
    """Look until something is done, for this long at most; whether it was."""
    end = time.monotonic() + seconds
    while not done():
        if time.monotonic() > end:
            return False
        time.sleep(PAUSE)
    return True


def _look(pid: int) -> tuple[str, str]:
    """State letter and beginning of a process; both empty if there is none of this id."""
    if Path("/proc/self/stat").exists():
        try:
            stat = Path(f"/proc/{pid}/stat").read_text()
        except (FileNotFoundError, ProcessLookupError):
            return "", ""
        fields = stat.rpartition(")")[2].split()  # the name before it may hold anything
        state, began, threads = fields[0], fields[19], int(fields[17])
        # The first thread of a killed process may be gone while others still hold its sockets.
        return "R" if state == "Z" and threads > 1 else state, began
    told = subprocess.run(
        ["ps", "-o", "stat=,lstart=", "-p", str(pid)], capture_output=True, text=True, check=False
    )
    state, _, began = told.stdout.strip().partition(" ")
    return state[:1], began.strip()
