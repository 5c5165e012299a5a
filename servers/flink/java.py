"""How each process of Flink is run: its settings as a file, its command without Flink's scripts.

Those scripts start two more JVMs to read the settings and to divide the memory, which takes seconds
on a small machine. Here the memory is divided already.
"""

import json
import re
from collections.abc import Mapping
from pathlib import Path

from servers.errors import ServerError
from servers.flink.installed import HERE, distribution
from servers.ports import HOST
from servers.programs import path_of

COMMON: Mapping[str, object] = {
    "jobmanager.bind-host": HOST,
    "jobmanager.rpc.address": HOST,
    "rest.address": HOST,
    "rest.bind-address": HOST,
    "taskmanager.bind-host": HOST,
    "taskmanager.host": HOST,
    "heartbeat.interval": "2 s",
    "heartbeat.timeout": "60 s",
    "heartbeat.rpc-failure-threshold": 2,
    "pekko.ask.timeout": "60 s",
    "web.submit.enable": False,
}
"""Everything listens on loopback. A killed process is missed after two unanswered heartbeats, a
slow one has a minute. Jars are not taken from whoever can open the page."""


def write_settings(folder: Path, settings: Mapping[str, object]) -> None:
    """Write `conf/config.yaml`, and make the folder for what Flink keeps for a while."""
    (folder / "conf").mkdir(exist_ok=True)
    (folder / "tmp").mkdir(exist_ok=True)
    every = {**COMMON, "io.tmp.dirs": str(folder / "tmp"), **settings}
    lines = [f"{key}: {json.dumps(value)}\n" for key, value in every.items()]
    (folder / "conf" / "config.yaml").write_text("".join(lines))


def command(folder: Path, main: str, *options: str) -> list[str]:
    """The command that runs a class of Flink with the settings of a folder."""
    flink = distribution()
    log = f"-Dlog4j2.configurationFile={HERE / 'log4j2.properties'}"
    temporary = f"-Djava.io.tmpdir={folder / 'tmp'}"
    classes = ("-cp", f"{flink / 'lib'}/*", main, "--configDir", str(folder / "conf"))
    return [path_of("java"), *options, *modules(flink), log, temporary, *classes]


def modules(flink: Path) -> list[str]:
    """The flags by which Flink may look into Java's own modules, from its own configuration."""
    found = re.search(
        r"^ +all: (--add-.*)$", (flink / "conf/config.yaml").read_text(), re.MULTILINE
    )
    if found is None:
        raise ServerError("Flink's conf/config.yaml names no --add-opens, which Java 17 needs")
    return found[1].split()
