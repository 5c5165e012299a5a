"""Install, start, stop and list the servers: `python3 -m servers start`."""

import argparse
import fcntl
import os
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor, as_completed
from contextlib import contextmanager
from pathlib import Path

from servers import maven
from servers.errors import ServerError
from servers.flink import installed
from servers.folders import ROOT
from servers.kafka import jars
from servers.kinds import KNOWN, MODULES, USUAL, provide
from servers.nifi import installed as nifi
from servers.ports import HOST
from servers.server import Kind, Server, closed_above

PORTS = range(1, 65_534)


def main(words: list[str]) -> int:
    """Run one command; its exit code."""
    given = _arguments(words)
    try:
        with _alone(given.folder):
            code: int = given.run(given)
    except ServerError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    return code


def install(given: argparse.Namespace) -> int:
    """Install what is missing, Flink, NiFi, Prometheus and Chromium too."""
    began = time.monotonic()
    added = provide(*(given.names or MODULES))
    what = f"installed {', '.join(added)}" if added else "everything is installed"
    print(f"{what} ({time.monotonic() - began:.1f} s)")
    return 0


def start(given: argparse.Namespace) -> int:
    """Start side by side those that do not run; a line each as soon as it answers."""
    names = given.names or list(USUAL)
    if added := provide(*names):
        print(f"installed {', '.join(added)}", flush=True)
    failed = 0
    servers = list(_servers(given.folder, names, dict(given.ports)))
    with ThreadPoolExecutor(len(servers)) as threads:
        waiting = {threads.submit(_start, server): server for server in servers}
        for done in as_completed(waiting):
            try:
                print(done.result(), flush=True)
            except ServerError as error:
                print(f"error: {error}", file=sys.stderr, flush=True)
                failed = 1
    return failed


def stop(given: argparse.Namespace) -> int:
    """Stop those that run."""
    for server in reversed(list(_servers(given.folder, given.names or list(USUAL)))):
        print(f"{server.kind.name:<11} {'stopped' if server.stop() else 'was not running'}")
    return 0


def status(given: argparse.Namespace) -> int:
    """List which run; 1 if one does not."""
    servers = list(_servers(given.folder, given.names or list(USUAL)))
    for server in servers:
        process = server.process
        where = f"{server.kind.address()} (process {process.pid})" if process else "not running"
        print(f"{server.kind.name:<11} {where}")
    return 0 if all(server.running for server in servers) else 1


def lock(given: argparse.Namespace) -> int:
    """Write the checksums of what Maven fetches anew, as it gives that now."""
    for pinned in (jars.HERE, installed.HERE, *nifi.PINNED):
        with tempfile.TemporaryDirectory(dir=given.folder) as folder:
            count = maven.lock(pinned, Path(folder))
        print(f"wrote the checksums of {count} jars of {pinned.name}")
    return 0


def _start(server: Server) -> str:
    ran, seconds = server.running, server.start()
    how = "was running" if ran else f"{seconds:.1f} s"
    return f"{server.kind.name:<11} {HOST}:{server.kind.port:<6} {how:<11}  {server.kind.address()}"


def _servers(
    folder: Path, names: Iterable[str], ports: dict[str, int] | None = None
) -> Iterator[Server]:
    """Each server on the port asked for, else the one of its last start, else the usual one."""
    starting, ports = ports is not None, ports or {}
    for name in names:
        usual, make = KNOWN[name]
        memory = folder / name / "port"
        last = int(memory.read_text()) if memory.exists() else usual
        kinds = make(ports.get(name, last))
        servers = [
            Server(kind, _place(folder / kind.name, kind, starting=starting)) for kind in kinds
        ]
        if name in ports and ports[name] != last and any(server.running for server in servers):
            stop = f"make servers-stop ONLY={name}"
            raise ServerError(f"{name} runs on port {last}. Stop it first: {stop}")
        if name in ports:
            memory.parent.mkdir(parents=True, exist_ok=True)
            memory.write_text(str(ports[name]))
        yield from servers


def _place(folder: Path, kind: Kind, *, starting: bool) -> Path:
    """The folder of a server, or the one that its start chose because its user may not enter that.

    So `make servers` also works for root in a folder of root's own.
    """
    memory = folder / "elsewhere"
    if memory.exists() and (other := Path(memory.read_text())).is_dir():
        return other
    outside = kind.user is not None and os.geteuid() == 0 and closed_above(folder) is not None
    if not (outside and starting):
        return folder
    folder.mkdir(parents=True, exist_ok=True)
    other = Path(tempfile.mkdtemp(prefix=f"starwatch-{kind.name}-"))
    memory.write_text(str(other))
    return other


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """One command at a time: another one waits."""
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _one_of(names: list[str]) -> Callable[[str], str]:
    def name(word: str) -> str:
        if word not in names:
            raise argparse.ArgumentTypeError(f"{word!r} is none of {', '.join(names)}")
        return word

    return name


def _port(word: str) -> tuple[str, int]:
    name, _, port = word.partition("=")
    if name not in KNOWN or not port.isdecimal() or int(port) not in PORTS:
        raise argparse.ArgumentTypeError(
            f"{word!r} is not NAME=PORT, with NAME one of {', '.join(KNOWN)}"
        )
    return name, int(port)


def _arguments(words: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser("python3 -m servers", description=__doc__)
    commands = parser.add_subparsers(required=True)
    for run in (install, start, stop, status, lock):
        command = commands.add_parser(run.__name__, help=run.__doc__)
        command.set_defaults(run=run)
        known = list(MODULES if run is install else KNOWN)
        if run is not lock:
            command.add_argument("names", nargs="*", type=_one_of(known), metavar="NAME")
        command.add_argument("--folder", type=Path, default=ROOT, help="where they keep everything")
        if run is start:
            command.add_argument(
                "--port", dest="ports", type=_port, action="append", default=[], metavar="NAME=PORT"
            )
    return parser.parse_args(words)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
