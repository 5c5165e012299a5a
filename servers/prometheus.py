"""Prometheus, which reads metrics from others."""

import json
import signal
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from servers import answers
from servers.ports import HOST
from servers.programs import path_of

PROGRAMS = ("prometheus", "promtool")


@dataclass(frozen=True, slots=True, kw_only=True)
class Prometheus:
    """A server that scrapes some ports of loopback.

    Args:
        port: Its own listener.
        targets: The ports whose `/metrics` it reads, as job `starwatch`.
        every: Between two scrapes, as Prometheus writes a duration.
    """

    port: int
    targets: tuple[int, ...] = ()
    every: str = "1s"

    name = "prometheus"
    user = None
    stop_signal = signal.SIGTERM

    def address(self) -> str:
        """The URL of its API."""
        return f"http://{HOST}:{self.port}"

    def prepare(self, folder: Path) -> None:
        """Write its configuration: JSON, which is YAML too."""
        scraped = {"targets": [f"{HOST}:{port}" for port in self.targets]}
        settings = {
            "global": {"scrape_interval": self.every, "scrape_timeout": self.every},
            "scrape_configs": [{"job_name": "starwatch", "static_configs": [scraped]}],
        }
        (folder / "prometheus.json").write_text(json.dumps(settings, indent=2))

    def command(self, folder: Path) -> Sequence[str]:
        """In the foreground, it logs to its output."""
        return (
            path_of("prometheus"),
            f"--config.file={folder / 'prometheus.json'}",
            f"--storage.tsdb.path={folder / 'data'}",
            f"--web.listen-address={HOST}:{self.port}",
        )

    def answers(self) -> bool:
        """It says that it is ready."""
        return answers.http(self.port, "/-/ready")
