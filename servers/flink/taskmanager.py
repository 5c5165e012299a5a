"""The TaskManager: it runs the parts of jobs, each in a slot."""

import signal
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from servers import answers
from servers.flink.java import command, write_settings
from servers.flink.jobmanager import JobManager
from servers.ports import free_port, listens

MAIN = "org.apache.flink.runtime.taskexecutor.TaskManagerRunner"

MEMORY: Mapping[str, object] = {
    "taskmanager.cpu.cores": 2,
    "taskmanager.memory.framework.heap.size": "128m",
    "taskmanager.memory.task.heap.size": "448m",
    "taskmanager.memory.managed.size": "128m",
    "taskmanager.memory.framework.off-heap.size": "64m",
    "taskmanager.memory.task.off-heap.size": "0m",
    "taskmanager.memory.network.min": "96m",
    "taskmanager.memory.network.max": "96m",
    "taskmanager.memory.jvm-metaspace.size": "256m",
    "taskmanager.memory.jvm-overhead.min": "128m",
    "taskmanager.memory.jvm-overhead.max": "128m",
}
"""Flink wants every part named. State is on the heap; managed memory is where rows are sorted."""

OPTIONS = ("-Xmx576m", "-XX:MaxDirectMemorySize=160m", "-XX:MaxMetaspaceSize=256m", "-XX:+UseG1GC")
"""Of the JVM: the sums of heap and of what is off it, without managed memory."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskManager:
    """A worker of four slots; killed and started again, it goes on with the jobs.

    Args:
        jobmanager: Whom it works for.
        port: Where that one reaches it.
        slots: How many parts of jobs it runs side by side.
        settings: More settings, or other values for those here.
    """

    jobmanager: JobManager
    port: int = field(default_factory=free_port)
    slots: int = 4
    settings: Mapping[str, object] = field(default_factory=dict)

    name = "taskmanager"
    user = None
    stop_signal = signal.SIGTERM

    def address(self) -> str:
        """The URL of what its JobManager tells of it."""
        return f"{self.jobmanager.address()}/taskmanagers"

    def prepare(self, folder: Path) -> None:
        """Write its settings.

        It writes state where its own settings say, and refuses more than 5 MB without a folder. A
        job that is resumed looks for it beside the JobManager's, so where the folders of both are
        called by their names (`make cluster`, `make reference`) it is written there.
        """
        together = folder.name == self.name
        owner = folder.parent / self.jobmanager.name if together else folder
        write_settings(
            folder,
            {
                "jobmanager.rpc.port": self.jobmanager.rpc_port,
                "rest.port": self.jobmanager.port,
                "taskmanager.rpc.port": self.port,
                "taskmanager.resource-id": f"taskmanager-{self.port}",
                "taskmanager.numberOfTaskSlots": self.slots,
                "execution.checkpointing.dir": (owner / "checkpoints").as_uri(),
                **MEMORY,
                **self.settings,
            },
        )

    def command(self, folder: Path) -> Sequence[str]:
        """In the foreground, it logs to its output."""
        return command(folder, MAIN, *OPTIONS)

    def answers(self) -> bool:
        """It listens, and its JobManager lists it."""
        listed = answers.http(self.jobmanager.port, f"/taskmanagers/taskmanager-{self.port}")
        return listed and listens(self.port)
