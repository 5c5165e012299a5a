"""The JobManager: it takes jobs, deals them out, and keeps their checkpoints in order."""

import signal
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from servers import answers
from servers.flink.java import command, write_settings
from servers.ports import HOST, free_port

MAIN = "org.apache.flink.runtime.entrypoint.StandaloneSessionClusterEntrypoint"

OPTIONS = (
    "-Xmx320m",
    "-XX:MaxMetaspaceSize=256m",
    "-XX:+UseSerialGC",
    "-XX:TieredStopAtLevel=1",
)
"""Of the JVM. It does little but start jobs, for which the second compiler comes too late."""


@dataclass(frozen=True, slots=True, kw_only=True)
class JobManager:
    """A session cluster's master. Its jobs end with it; checkpoints and savepoints stay.

    Args:
        port: Of its REST API and page.
        rpc_port: Where TaskManagers find it.
        settings: More settings, or other values for those here.
    """

    port: int
    rpc_port: int = field(default_factory=free_port)
    settings: Mapping[str, object] = field(default_factory=dict)

    name = "flink"
    user = None
    stop_signal = signal.SIGTERM

    def address(self) -> str:
        """The URL of its REST API."""
        return f"http://{HOST}:{self.port}"

    def prepare(self, folder: Path) -> None:
        """Write its settings; checkpoints and savepoints go into folders beside them."""
        write_settings(
            folder,
            {
                "jobmanager.rpc.port": self.rpc_port,
                "rest.port": self.port,
                "web.tmpdir": str(folder / "tmp"),
                "execution.checkpointing.dir": (folder / "checkpoints").as_uri(),
                "execution.checkpointing.savepoint-dir": (folder / "savepoints").as_uri(),
                **self.settings,
            },
        )

    def command(self, folder: Path) -> Sequence[str]:
        """In the foreground, it logs to its output."""
        return command(folder, MAIN, *OPTIONS)

    def answers(self) -> bool:
        """It tells of its cluster, which it does once it leads."""
        return answers.http(self.port, "/overview")
