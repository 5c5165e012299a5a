"""The pipeline of 2021 started and stopped as `make reference` does, on ports of its own."""

import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path

from live.starting import need
from servers.ports import free_ports, listens
from servers.processes import Process
from servers.reference import USUAL

ROOT = Path(__file__).parents[2]


def reference(what, folder, ports, *words):
    """What `make reference`, or another of its targets, prints."""
    given = [f"--port={name}={port}" for name, port in ports.items()]
    line = [sys.executable, "-m", "servers.reference", what, "--folder", folder, *given, *words]
    done = subprocess.run(line, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout.splitlines()


@contextmanager
def pipeline_of(folder, *words):
    """The ports of its stages and what was printed; at the end no process and no port is left."""
    need("mosquitto", "kafka", "flink", "nifi")
    ports = dict(zip(USUAL, free_ports(len(USUAL)), strict=True))
    lived = []
    try:
        told = reference("start", folder, ports, *words)
        yield ports, told
    finally:
        lived = [Process.load(file) for file in folder.glob("*/process.json")]
        reference("stop", folder, ports)
    assert lived
    assert not [process for process in lived if process and process.alive]
    assert not any(listens(port) for port in ports.values())
