"""Servers that tests start, each in a folder of its own, and that end with them."""

import os
import shutil
import sys
import tempfile
from pathlib import Path
from typing import Self

import pytest

from servers.errors import Missing
from servers.kinds import provide
from servers.server import Kind, Server


def need(*names: str) -> None:
    """Have the programs of these servers, install them if that can be, or skip; CI skips none."""
    try:
        provide(*names)
    except Missing as missing:
        if os.environ.get("CI"):
            pytest.fail(f"CI leaves out nothing, but: {missing}")
        pytest.skip(str(missing))


class Servers:
    """Starts servers and, at its end, stops those that still run and removes their folders.

    A server is killed with the tests' own process, should that be killed. What it logged is
    printed at the end, which pytest shows for a test that failed.
    """

    def __init__(self) -> None:
        self._started: list[Server] = []

    def start(self, kind: Kind) -> Server:
        """Start a server in a new folder; it is for the caller to kill and to start again."""
        need(kind.name)
        return self.run(kind)

    def run(self, kind: Kind) -> Server:
        """The same for a server that needs nothing but what is here."""
        server = Server(kind, Path(tempfile.mkdtemp(prefix=f"{kind.name}-")), tied=True)
        self._started.append(server)
        server.start()
        return server

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        for server in reversed(self._started):
            server.stop()
            if server.log.exists():
                sys.stderr.write(f"---- {server.kind.name}\n{server.tail()}\n")
            shutil.rmtree(server.folder)
