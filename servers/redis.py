"""Redis, as a target of windows."""

import signal
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from servers import answers
from servers.ports import HOST
from servers.programs import path_of

PROGRAMS = ("redis-server", "redis-cli")


@dataclass(frozen=True, slots=True, kw_only=True)
class Redis:
    """A server that appends each change to a file before it answers.

    Args:
        port: Its listener.
        password: What clients must say first; None: nothing.
        settings: More lines of its configuration, or other values for those here.
    """

    port: int
    password: str | None = None
    settings: Mapping[str, object] = field(default_factory=dict)

    name = "redis"
    user = None
    stop_signal = signal.SIGTERM

    def address(self) -> str:
        """The URL of its first database, with the password if there is one."""
        secret = f":{self.password}@" if self.password else ""
        return f"redis://{secret}{HOST}:{self.port}/0"

    def prepare(self, folder: Path) -> None:
        """Write its configuration."""
        data = folder / "data"
        data.mkdir(exist_ok=True)
        settings: dict[str, object] = {
            "bind": HOST,
            "port": self.port,
            "dir": f'"{data}"',
            "appendonly": "yes",
            "save": '""',
        }
        if self.password is not None:
            settings["requirepass"] = self.password
        lines = [f"{key} {value}\n" for key, value in (settings | dict(self.settings)).items()]
        (folder / "redis.conf").write_text("".join(lines))

    def command(self, folder: Path) -> Sequence[str]:
        """In the foreground, it logs to its output."""
        return path_of("redis-server"), str(folder / "redis.conf")

    def answers(self) -> bool:
        """A PING is answered."""
        return answers.redis(self.port)
