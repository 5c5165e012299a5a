"""The broker: its settings, its first formatting, its command."""

import contextlib
import os
import shutil
import signal
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory

from servers import answers
from servers.errors import ServerError
from servers.kafka.jars import HERE, jars
from servers.ports import HOST, free_port
from servers.programs import path_of

PROGRAMS = ("java", "mvn", "kcat")

CLUSTER = "c3RhcndhdGNoLXRlc3RzMQ"
"""The id of every cluster here: 16 bytes in URL-safe base64."""

ONE_COPY = {
    "log.retention.ms": -1,  # records may carry times of long ago, as replayed ratings do
    "offsets.topic.replication.factor": 1,
    "offsets.topic.num.partitions": 4,
    "transaction.state.log.replication.factor": 1,
    "transaction.state.log.min.isr": 1,
    "transaction.state.log.num.partitions": 4,
    "share.coordinator.state.topic.replication.factor": 1,
    "share.coordinator.state.topic.min.isr": 1,
    "group.initial.rebalance.delay.ms": 0,
    "broker.heartbeat.interval.ms": 300,
    "broker.session.timeout.ms": 2_000,
}
"""One broker holds one copy of everything, and a group of one need not wait for others. A broker
that was killed is let in again when its old session is over, by default after nine seconds."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Kafka:
    """A broker with a listener for clients and one that only it uses itself.

    Args:
        port: Of the listener for clients.
        internal_port: Of the listener for the broker itself.
        controller_port: Of the listener of the controller.
        advertised_port: Where clients are sent once they have asked: that of a proxy, else `port`.
        users: Passwords by user, for SASL (PLAIN, SCRAM-SHA-256, SCRAM-SHA-512); empty: no SASL.
            They count when the folder is new.
        certificate: PEM file of a key and its certificate; None: no TLS.
        heap: Of the JVM, as it writes sizes.
        settings: More settings, or other values for those here.
    """

    port: int
    internal_port: int = field(default_factory=free_port)
    controller_port: int = field(default_factory=free_port)
    advertised_port: int | None = None
    users: Mapping[str, str] = field(default_factory=dict)
    certificate: Path | None = None
    heap: str = "256m"
    settings: Mapping[str, object] = field(default_factory=dict)

    name = "kafka"
    user = None
    stop_signal = signal.SIGTERM

    def address(self) -> str:
        """The URL of its listener for clients."""
        return f"kafka://{HOST}:{self.advertised_port or self.port}"

    def prepare(self, folder: Path) -> None:
        """Write its settings, and make its formatted folder of data unless that is there."""
        self._write_settings(folder)
        data, part = folder / "data", folder / "data.part"
        if data.exists():
            return
        shutil.rmtree(part, ignore_errors=True)
        if self.users or not os.access(jars(), os.W_OK):  # users are written into the folder
            with TemporaryDirectory(dir=folder) as made:
                self._format(Path(made)).rename(part)
        else:
            shutil.copytree(self._formatted(), part)
        part.rename(data)

    def command(self, folder: Path) -> Sequence[str]:
        """In the foreground, it logs to its output."""
        return self._java("kafka.Kafka", str(folder / "server.properties"))

    def answers(self) -> bool:
        """It tells which requests it knows."""
        return answers.kafka(self.port, tls=self.certificate is not None)

    @property
    def protocol(self) -> str:
        """The security protocol of its clients, as their settings call it."""
        return f"{'SASL_' if self.users else ''}{'SSL' if self.certificate else 'PLAINTEXT'}"

    def _write_settings(self, folder: Path) -> Path:
        settings = [f"{key}={value}\n" for key, value in self._settings(folder).items()]
        file = folder / "server.properties"
        file.write_text("".join(settings))
        return file

    def _format(self, folder: Path) -> Path:
        """A folder of data as the first start wants it."""
        tool = ("kafka.tools.StorageTool", "format", "--cluster-id", CLUSTER, *self._scram())
        self._run(*tool, "--config", str(self._write_settings(folder)))
        return folder / "data"

    def _formatted(self) -> Path:
        """The same for every broker without users: made once, for it takes a JVM a second."""
        ready = jars() / "formatted"
        if not ready.exists():
            with TemporaryDirectory(dir=jars()) as made:
                formatted = self._format(Path(made))
                with contextlib.suppress(OSError):  # another process was first
                    formatted.rename(ready)
        return ready

    def _settings(self, folder: Path) -> dict[str, object]:
        client = f"CLIENT://{HOST}:{self.advertised_port or self.port}"
        own = f"INTERNAL://{HOST}:{self.internal_port}"
        controller = f"{HOST}:{self.controller_port}"
        protocols = f"CLIENT:{self.protocol},INTERNAL:PLAINTEXT,CONTROLLER:PLAINTEXT"
        return {
            "process.roles": "broker,controller",
            "node.id": 1,
            "controller.quorum.voters": f"1@{controller}",
            "controller.listener.names": "CONTROLLER",
            "inter.broker.listener.name": "INTERNAL",
            "listeners": f"CLIENT://{HOST}:{self.port},{own},CONTROLLER://{controller}",
            "advertised.listeners": f"{client},{own}",
            "listener.security.protocol.map": protocols,
            "log.dirs": folder / "data",
            **ONE_COPY,
            **self._sasl(),
            **self._tls(),
            **self.settings,
        }

    def _sasl(self) -> dict[str, object]:
        if not self.users:
            return {}
        users = " ".join(f'user_{user}="{secret}"' for user, secret in self.users.items())
        plain, scram = (
            f"org.apache.kafka.common.security.{module}LoginModule required"
            for module in ("plain.Plain", "scram.Scram")
        )
        listener = "listener.name.client"
        return {
            f"{listener}.sasl.enabled.mechanisms": "PLAIN,SCRAM-SHA-256,SCRAM-SHA-512",
            f"{listener}.plain.sasl.jaas.config": f"{plain} {users};",
            f"{listener}.scram-sha-256.sasl.jaas.config": f"{scram};",
            f"{listener}.scram-sha-512.sasl.jaas.config": f"{scram};",
        }

    def _tls(self) -> dict[str, object]:
        if self.certificate is None:
            return {}
        listener = "listener.name.client.ssl.keystore"
        return {f"{listener}.type": "PEM", f"{listener}.location": self.certificate}

    def _scram(self) -> list[str]:
        """The arguments that make the users known when the folder is formatted."""
        return [
            word
            for kind in ("SCRAM-SHA-256", "SCRAM-SHA-512")
            for user, secret in self.users.items()
            for word in ("--add-scram", f"{kind}=[name={user},password={secret}]")
        ]

    def _java(self, main: str, *arguments: str) -> list[str]:
        # The second compiler is left out: on a small machine it takes more from the clients of a
        # short-lived broker than it gives.
        options = (f"-Xmx{self.heap}", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1")
        log = f"-Dlog4j2.configurationFile={HERE / 'log4j2.properties'}"
        return [path_of("java"), *options, log, "-cp", f"{jars()}/*", main, *arguments]

    def _run(self, main: str, *arguments: str) -> None:
        told = subprocess.run(
            self._java(main, *arguments), capture_output=True, text=True, check=False
        )
        if told.returncode != 0:
            raise ServerError(f"{main} failed:\n{told.stdout}{told.stderr}")
