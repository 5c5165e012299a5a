"""The node: its settings, its command."""

import secrets
import signal
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from servers import answers
from servers.nifi.installed import HERE, home
from servers.ports import HOST
from servers.programs import path_of

PROGRAMS = ("java", "mvn")

MAIN = "org.apache.nifi.NiFi"

FIXED: Mapping[str, object] = {
    "nifi.web.http.host": HOST,
    "nifi.web.https.host": "",
    "nifi.web.https.port": "",
    "nifi.web.war.directory": "./lib",
    "nifi.web.jetty.threads": 20,
    "nifi.ui.autorefresh.interval": "5 secs",
    "nifi.nar.library.directory": "./lib",
    "nifi.flowcontroller.autoResumeState": "true",
    "nifi.flowcontroller.graceful.shutdown.period": "5 sec",
    "nifi.flowservice.writedelay.interval": "100 ms",
    "nifi.administrative.yield.duration": "1 sec",
    "nifi.bored.yield.duration": "10 millis",
    "nifi.queue.backpressure.count": 10_000,
    "nifi.queue.backpressure.size": "1 GB",
    "nifi.queue.swap.threshold": 20_000,
    "nifi.sensitive.props.algorithm": "NIFI_PBKDF2_AES_GCM_256",
    "nifi.swap.manager.implementation": "org.apache.nifi.controller.FileSystemSwapManager",
    "nifi.flowfile.repository.implementation": (
        "org.apache.nifi.controller.repository.WriteAheadFlowFileRepository"
    ),
    "nifi.flowfile.repository.checkpoint.interval": "20 secs",
    "nifi.content.repository.implementation": (
        "org.apache.nifi.controller.repository.FileSystemRepository"
    ),
    "nifi.content.claim.max.appendable.size": "50 KB",
    "nifi.content.repository.archive.enabled": "false",
    "nifi.provenance.repository.implementation": (
        "org.apache.nifi.provenance.VolatileProvenanceRepository"
    ),
    "nifi.provenance.repository.buffer.size": 10_000,
    "nifi.components.status.repository.implementation": (
        "org.apache.nifi.controller.status.history.VolatileComponentStatusRepository"
    ),
    "nifi.components.status.repository.buffer.size": 288,
    "nifi.components.status.snapshot.frequency": "5 mins",
    "nifi.state.management.provider.local": "local-provider",
    "nifi.remote.input.http.enabled": "false",
    "nifi.remote.input.secure": "false",
    "nifi.cluster.is.node": "false",
}
"""A node alone, without users: it listens on loopback only. What went through is remembered in
memory; what is in its queues is on disk, and so is the flow, within a tenth of a second."""

STATE = """\
<?xml version="1.0" encoding="UTF-8"?>
<stateManagement>
  <local-provider>
    <id>local-provider</id>
    <class>org.apache.nifi.controller.state.providers.local.WriteAheadLocalStateProvider</class>
    <property name="Directory">./state</property>
  </local-provider>
</stateManagement>
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class NiFi:
    """A node with the standard processors, and with record readers and writers.

    Args:
        port: Of its page and REST API.
        heap: Of the JVM, as it writes sizes.
        settings: More settings of `nifi.properties`, or other values for those here.
    """

    port: int
    heap: str = "512m"
    settings: Mapping[str, object] = field(default_factory=dict)

    name = "nifi"
    user = None
    stop_signal = signal.SIGTERM

    def address(self) -> str:
        """The URL below which its page (`/nifi`) and its REST API (`/nifi-api`) are."""
        return f"http://{HOST}:{self.port}"

    def prepare(self, folder: Path) -> None:
        """Write its settings, and link the folder of jars, which it looks for where it runs."""
        conf = folder / "conf"
        conf.mkdir(exist_ok=True)
        (folder / "tmp").mkdir(exist_ok=True)
        (folder / "lib").unlink(missing_ok=True)
        (folder / "lib").symlink_to(home() / "lib")
        (conf / "state-management.xml").write_text(STATE)
        settings = {**FIXED, **_places(), **self._own(conf), **self.settings}
        lines = [f"{key}={value}\n" for key, value in settings.items()]
        (conf / "nifi.properties").write_text("".join(lines))

    def command(self, folder: Path) -> Sequence[str]:
        """In the foreground, it logs to its output."""
        options = (f"-Xmx{self.heap}", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1")
        settings = f"-Dnifi.properties.file.path={folder / 'conf' / 'nifi.properties'}"
        log = f"-Dlogback.configurationFile={HERE / 'logback.xml'}"
        temporary = f"-Djava.io.tmpdir={folder / 'tmp'}"
        headless = "-Djava.awt.headless=true"
        classes = ("-cp", f"{folder / 'lib'}/*", MAIN)
        return [path_of("java"), *options, headless, settings, log, temporary, *classes]

    def answers(self) -> bool:
        """It tells of its flow, which it does once that is loaded."""
        return answers.http(self.port, "/nifi-api/flow/status")

    def _own(self, conf: Path) -> dict[str, object]:
        """What is this node's alone: its port, and the key that hides passwords in its flow."""
        key = conf / "sensitive-key"
        if not key.exists():
            key.touch(0o600)
            key.write_text(secrets.token_hex(16))
        return {"nifi.web.http.port": self.port, "nifi.sensitive.props.key": key.read_text()}


def _places() -> dict[str, object]:
    """Where everything is, below the folder that it runs in."""
    return {
        "nifi.flow.configuration.file": "./conf/flow.xml.gz",
        "nifi.flow.configuration.json.file": "./conf/flow.json.gz",
        "nifi.flow.configuration.archive.enabled": "false",
        "nifi.state.management.configuration.file": "./conf/state-management.xml",
        "nifi.nar.working.directory": "./work/nar",
        "nifi.documentation.working.directory": "./work/docs",
        "nifi.web.jetty.working.directory": "./work/jetty",
        "nifi.database.directory": "./data/database",
        "nifi.flowfile.repository.directory": "./data/flowfiles",
        "nifi.content.repository.directory.default": "./data/content",
    }
