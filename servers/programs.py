"""The programs that the servers are made of: where they are, and how they get onto the machine."""

import os
import shutil
import subprocess
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from servers.errors import Missing, ServerError

PACKAGES = {
    "mosquitto": "mosquitto",
    "mosquitto_passwd": "mosquitto",
    "mosquitto_pub": "mosquitto-clients",
    "mosquitto_sub": "mosquitto-clients",
    "java": "default-jre-headless",
    "mvn": "maven",
    "kcat": "kcat",
    "postgres": "postgresql",
    "initdb": "postgresql",
    "psql": "postgresql",
    "redis-server": "redis-server",
    "redis-cli": "redis-server",
    "prometheus": "prometheus",
    "promtool": "prometheus",
    "chromium": "chromium",
}
"""Each program and the Debian package that brings it; apt checks what it fetches."""

NO_SERVICE = "#!/bin/sh\nexit 101\n"
"""A `policy-rc.d` that forbids packages to start their services while they are installed."""


def find(program: str) -> str | None:
    """The path of a program, also where Debian keeps it off the PATH; None if it is nowhere."""
    versions = sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=_number, reverse=True)
    places = os.pathsep.join([*map(str, versions), os.environ.get("PATH", os.defpath), "/usr/sbin"])
    return shutil.which(program, path=places)


def path_of(program: str) -> str:
    """The path of a program.

    Raises:
        Missing: It is not on this machine.
    """
    found = find(program)
    if found is None:
        raise Missing(
            f"{program} is not on this machine. "
            f"Run `make servers` as root on Debian, or install {PACKAGES[program]} another way"
        )
    return found


def install(programs: Iterable[str]) -> list[str]:
    """Install the packages of those programs that are missing; the packages' names.

    Raises:
        Missing: Something is missing and this is not Debian, or the user is not root.
        ServerError: apt-get failed.
    """
    missing = [program for program in programs if find(program) is None]
    if not missing:
        return []
    if os.geteuid() != 0 or shutil.which("apt-get") is None:
        path_of(missing[0])
    packages = sorted({PACKAGES[program] for program in missing})
    with _no_service_starts():
        if not _known(packages):
            _apt("update", "-qq")
        try:
            _apt("install", "-qq", "--yes", "--no-install-recommends", *packages)
        except ServerError:  # the lists are older than what the archive still has
            _apt("update", "-qq")
            _apt("install", "-qq", "--yes", "--no-install-recommends", *packages)
    return packages


def _number(folder: Path) -> list[int]:
    return [int(part) for part in folder.parent.name.split(".") if part.isdigit()]


def _known(packages: list[str]) -> bool:
    """Whether apt has lists that name every one of these packages."""
    told = subprocess.run(["apt-cache", "show", *packages], capture_output=True, check=False)
    return told.returncode == 0


def _apt(*words: str) -> None:
    command = ["apt-get", "-o", "DPkg::Lock::Timeout=300", *words]
    quiet = os.environ | {"DEBIAN_FRONTEND": "noninteractive"}
    told = subprocess.run(command, env=quiet, capture_output=True, text=True, check=False)
    if told.returncode != 0:
        raise ServerError(f"apt-get {' '.join(words)} failed:\n{told.stdout}{told.stderr}")


@contextmanager
def _no_service_starts() -> Iterator[None]:
    """While packages are installed, none of them starts a service of its own."""
    policy = Path("/usr/sbin/policy-rc.d")
    if policy.exists():
        yield
        return
    policy.write_text(NO_SERVICE)
    policy.chmod(0o755)
    try:
        yield
    finally:
        policy.unlink()
