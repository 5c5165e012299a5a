"""A broker of one's own for `starwatch run --broker`: Mosquitto as a child, kept in the state."""

import ctypes
import getpass
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from starwatch.errors import BadSetting, RunError

FOLDER = "broker"
"""The folder of a state that holds its configuration, its log and what it keeps."""

HOST = "127.0.0.1"
PORT = 1883

_START_SECONDS = 10.0
_STOP_SECONDS = 10.0
_ELSEWHERE = ("/usr/sbin", "/usr/local/sbin")
"""Where Debian puts it, which is not on everybody's PATH."""

_PR_SET_PDEATHSIG = 1


def mosquitto() -> str | None:
    """Where Mosquitto is, or None."""
    return shutil.which("mosquitto") or shutil.which("mosquitto", path=os.pathsep.join(_ELSEWHERE))


@contextmanager
def mosquitto_running(program: str, state: Path, port: int = PORT) -> Iterator[str]:
    """Mosquitto on loopback, open to all, as long as the context lasts; gives its URL.

    What it acknowledged is on the disk within a second, and no queue of it is cut. It ends with
    this process, however that ends (on Linux), and saves all before it does.

    Args:
        program: Where it is.
        state: The state directory, which is there.
        port: Its port.

    Raises:
        BadSetting: the port is taken.
        RunError: it does not come up.
    """
    _refuse_taken(port)
    folder = state / FOLDER
    folder.mkdir(exist_ok=True)
    configuration = folder / "mosquitto.conf"
    configuration.write_text(_configuration(folder, port), encoding="utf-8")
    command = [program, "-c", str(configuration)]
    with (folder / "log").open("ab") as log:
        child = subprocess.Popen(  # noqa: S603 - the program that the PATH names
            command,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            preexec_fn=_tie(),  # noqa: PLW1509 - no thread has begun yet
            start_new_session=os.name == "posix",  # Ctrl-C is for us: we drain, then stop it
        )
    try:
        _wait_for(child, port, folder / "log")
        yield f"mqtt://{HOST}:{port}"
    finally:
        child.terminate()
        try:
            child.wait(_STOP_SECONDS)
        except subprocess.TimeoutExpired:
            child.kill()
            child.wait()


def _configuration(folder: Path, port: int) -> str:
    lines = [
        "persistence true",
        f"persistence_location {folder.resolve()}/",
        "autosave_interval 1",
        "max_queued_messages 0",  # its default keeps 1,000 for a service that is away
        "allow_anonymous true",
        "log_dest stdout",
        "log_timestamp_format %Y-%m-%dT%H:%M:%S",
    ]
    if hasattr(os, "geteuid") and os.geteuid() == 0:
        lines.append(f"user {getpass.getuser()}")  # else it drops to one who may not write here
    lines.append(f"listener {port} {HOST}")
    return "".join(f"{line}\n" for line in lines)


def _refuse_taken(port: int) -> None:
    with socket.socket() as probe:
        if os.name == "posix":
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError:
            raise BadSetting(
                f"port {port} is taken, so no broker can be started there",
                hint="If a broker runs there already, leave --broker out",
            ) from None


def _tie() -> Callable[[], None] | None:
    """What lets the child end when we do, even by kill -9; it then saves what it has."""
    if sys.platform != "linux":
        return None
    library = ctypes.CDLL(None, use_errno=True)
    parent = os.getpid()

    def tie() -> None:
        library.prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
        if os.getppid() != parent:  # it went before we were tied to it
            os._exit(1)

    return tie


def _wait_for(child: subprocess.Popen[bytes], port: int, log: Path) -> None:
    until = time.monotonic() + _START_SECONDS
    while time.monotonic() < until and child.poll() is None:
        with suppress(OSError), socket.create_connection((HOST, port), 1):
            return
        time.sleep(0.02)
    lines = log.read_text(encoding="utf-8", errors="replace").strip().splitlines()
    why = lines[-1] if lines else "it said nothing"
    raise RunError(f"mosquitto did not come up: {why}", hint=f"Its log is {log}")


@contextmanager
def own_broker(state: Path, port: int = PORT) -> Iterator[tuple[str, str]]:
    """The best broker that can be had here, as long as the context lasts.

    Args:
        state: The state directory, which is there.
        port: Its port on loopback.

    Yields:
        Its URL, and what to tell the user of it; empty where it keeps what it promises.

    Raises:
        BadSetting: the port is taken, or there is no broker at all.
        RunError: it does not come up.
    """
    program = mosquitto()
    if program is not None:
        with mosquitto_running(program, state, port) as url:
            yield url, ""
        return
    _refuse_taken(port)
    try:
        from starwatch.service.small_broker import amqtt_running  # noqa: PLC0415 - only as a last resort
    except ImportError:
        raise BadSetting(
            "there is no broker to start: neither mosquitto nor the package amqtt is here",
            hint="Install Mosquitto, or for trying: pip install 'starwatch[broker]'",
        ) from None
    with amqtt_running(HOST, port) as url:
        yield url, _FOR_TRYING


_FOR_TRYING = (
    "the broker runs inside this process (amqtt), for trying only: what waits in it is lost when it"
    " ends, and there are no shared subscriptions. Install Mosquitto for more"
)
