"""Start, wait for an answer, stop, kill, freeze: the same for every kind of server."""

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Protocol, TypedDict

from servers.errors import ServerError
from servers.ports import HOST, listens
from servers.processes import Process, wait

START = 180.0
"""Seconds that a server has to come up; Kafka takes four, NiFi 25, and machines may be busy."""

STOP = 30.0
"""Seconds that a server has to stop by itself before it is killed."""

TAIL = 20
"""Lines of a log that are shown when its server does not come up."""

TIE = ("setpriv", "--pdeathsig", "KILL")
"""Before a command: it is killed when its parent ends."""


class Kind(Protocol):
    """What one kind of server needs: its settings are its fields."""

    @property
    def name(self) -> str:
        """One word, also the name of its folder."""

    @property
    def port(self) -> int:
        """Where clients reach it on loopback."""

    @property
    def user(self) -> str | None:
        """The system's user that it must run as when root starts it; None: the same user."""

    @property
    def stop_signal(self) -> signal.Signals:
        """The signal that makes it stop in good order without waiting for its clients."""

    def address(self) -> str:
        """How a client names it."""

    def prepare(self, folder: Path) -> None:
        """Write settings and what the first start needs; data that is there stays."""

    def command(self, folder: Path) -> Sequence[str]:
        """The command that runs it in the foreground."""

    def answers(self) -> bool:
        """Make one exchange in its protocol.

        Raises:
            OSError: It is not to be reached.
        """


class Server:
    """One server in a folder that holds its settings, data, log and process id.

    Starting it again on the same folder keeps the data. Another process may ask and stop it: what
    is known of it stands in the folder.

    Args:
        kind: Which server, with which settings.
        folder: Its own, made if absent.
        tied: Whether it dies with the process that starts it, however that dies (on Linux).
    """

    def __init__(self, kind: Kind, folder: Path, *, tied: bool = False) -> None:
        self.kind = kind
        self.folder = folder.resolve()
        self._tie = TIE if tied and sys.platform == "linux" else ()
        self._child: subprocess.Popen[bytes] | None = None

    @property
    def log(self) -> Path:
        """What it printed, of all its starts."""
        return self.folder / "log"

    @property
    def process(self) -> Process | None:
        """The process that runs it, or None."""
        if self._child is not None:
            self._child.poll()  # else one that has ended would stay in the system's table
        known = Process.load(self._record)
        return known if known is not None and known.alive else None

    @property
    def running(self) -> bool:
        """Whether its process lives."""
        return self.process is not None

    def start(self, seconds: float = START) -> float:
        """Start it unless it runs, and wait until it answers; the seconds that this took.

        Raises:
            ServerError: It ended, or did not answer in time; the text ends with its log.
        """
        began = time.monotonic()
        if not self.running:
            if listens(self.kind.port):
                raise ServerError(
                    f"{self.kind.name}: something else listens on {HOST}:{self.kind.port}. "
                    'Stop it, or choose another port: PORTS="NAME=PORT"'
                )
            self._spawn()
        try:
            self._await(seconds)
        except BaseException:
            self.stop()
            raise
        return time.monotonic() - began

    def stop(self, seconds: float = STOP) -> bool:
        """Let it stop in good order, and kill it if it has not in time; whether it ran."""
        process = self.process
        if process is not None:
            process.send(self.kind.stop_signal)
            self._send(signal.SIGCONT)  # one that is frozen would never hear of it
            if not wait(lambda: not self.running, seconds):
                self.kill()
        self._bury()
        return process is not None

    def kill(self) -> None:
        """Kill -9 it and its children, as if the machine had lost its power but not its disk."""
        process = self.process
        if process is None:
            return
        family = [process, *process.children()]
        for member in family:
            member.send(signal.SIGKILL)
        wait(lambda: not self.running and not any(m.alive for m in family), STOP)
        self._bury()

    def freeze(self) -> None:
        """Halt its process and its children: connections stay open, nothing is answered."""
        self._send(signal.SIGSTOP)

    def thaw(self) -> None:
        """Let frozen processes go on."""
        self._send(signal.SIGCONT)

    def tail(self) -> str:
        """The last lines of its log, indented."""
        lines = self.log.read_text(errors="replace").splitlines()[-TAIL:]
        return "\n".join(f"    {line}" for line in lines) or "    (empty)"

    @property
    def _record(self) -> Path:
        return self.folder / "process.json"

    def _bury(self) -> None:
        """Forget a process that has ended."""
        if self._child is not None:
            self._child.wait(STOP)
            self._child = None
        self._record.unlink(missing_ok=True)

    def _send(self, number: signal.Signals) -> None:
        if process := self.process:
            for member in (process, *process.children()):
                member.send(number)

    def _spawn(self) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        user = self.kind.user if os.geteuid() == 0 else None
        if user is not None:
            _give(self.folder, user)
        self.kind.prepare(self.folder)
        with self.log.open("ab") as log:
            self._child = subprocess.Popen(
                [*self._tie, *self.kind.command(self.folder)],
                cwd=self.folder,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,  # Ctrl-C in the terminal is not meant for it
                **as_user(user),
            )
        Process.of(self._child.pid).save(self._record)

    def _await(self, seconds: float) -> None:
        answered = False

        def settled() -> bool:
            nonlocal answered
            answered = self._answers()
            return answered or not self.running

        wait(settled, seconds)
        if not answered:
            how = f"did not answer within {seconds:g} s" if self.running else "ended"
            raise ServerError(f"{self.kind.name} {how}; the end of its log:\n{self.tail()}")

    def _answers(self) -> bool:
        try:
            return self.kind.answers()
        except OSError:
            return False


class Account(TypedDict, total=False):
    """What `subprocess` takes to run a command as another user."""

    user: str
    group: str
    extra_groups: list[str | int]


def as_user(user: str | None) -> Account:
    """What `subprocess` needs to run a command as another user; nothing for None."""
    if user is None:
        return {}
    return {"user": user, "group": user, "extra_groups": []}


def closed_above(folder: Path) -> Path | None:
    """The first folder above one that not everybody may enter."""
    above = [parent for parent in folder.resolve().parents if parent.exists()]
    return next((parent for parent in above if not parent.stat().st_mode & 0o001), None)


def _give(folder: Path, user: str) -> None:
    """Give a folder to a user, who must be able to reach it.

    Raises:
        ServerError: A folder above keeps that user out.
    """
    shutil.chown(folder, user, user)
    if above := closed_above(folder):
        raise ServerError(f"user {user} may not enter {above}, and would have to")
