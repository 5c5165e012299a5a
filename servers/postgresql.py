"""PostgreSQL, as a target of windows."""

import os
import shutil
import signal
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import NamedTemporaryFile

from servers import answers
from servers.errors import ServerError
from servers.ports import HOST
from servers.programs import path_of
from servers.server import as_user

PROGRAMS = ("postgres", "initdb", "psql")


@dataclass(frozen=True, slots=True, kw_only=True)
class PostgreSQL:
    """A server with one user, who owns everything, and one database, both called starwatch.

    Args:
        port: Its listener; there is no other way in.
        password: Of the user; counts when the folder is new.
        settings: Settings as in `postgresql.conf`.
    """

    port: int
    password: str = "starwatch"  # noqa: S105 - a server for trying, on loopback
    settings: Mapping[str, object] = field(default_factory=dict)

    name = "postgresql"
    user = "postgres"  # it refuses to run as root; the package brings this user
    stop_signal = signal.SIGINT

    def address(self) -> str:
        """The URL of the database, with user and password."""
        return f"postgresql://starwatch:{self.password}@{HOST}:{self.port}/starwatch"

    def prepare(self, folder: Path) -> None:
        """Make the cluster and its database, once; half a one is made anew."""
        data, part = folder / "data", folder / "data.part"
        if data.exists():
            return
        shutil.rmtree(part, ignore_errors=True)
        where = ("-D", str(part))
        rules = ("-U", "starwatch", "-A", "scram-sha-256", "-E", "UTF8", "--locale=C", "--no-sync")
        with NamedTemporaryFile("w", dir=folder) as secret:
            secret.write(self.password)
            secret.flush()
            shutil.chown(secret.name, *_owner(folder))
            self._run(path_of("initdb"), *where, *rules, f"--pwfile={secret.name}")
        single = (path_of("postgres"), "--single", *where, "postgres")
        self._run(*single, given="CREATE DATABASE starwatch\n")
        part.rename(data)

    def command(self, folder: Path) -> Sequence[str]:
        """In the foreground, on loopback, without a socket file."""
        settings = {"listen_addresses": HOST, "port": self.port, "unix_socket_directories": ""}
        options = [f"--{key}={value}" for key, value in (settings | dict(self.settings)).items()]
        return path_of("postgres"), "-D", str(folder / "data"), *options

    def answers(self) -> bool:
        """It asks who is there."""
        return answers.postgresql(self.port)

    def _run(self, *command: str, given: str = "") -> None:
        told = subprocess.run(
            command,
            input=given,
            capture_output=True,
            text=True,
            check=False,
            **as_user(self.user if os.geteuid() == 0 else None),
        )
        if told.returncode != 0:
            raise ServerError(f"{' '.join(command)} failed:\n{told.stdout}{told.stderr}")


def _owner(folder: Path) -> tuple[int, int]:
    status = folder.stat()
    return status.st_uid, status.st_gid
