"""Flink as PyFlink's wheel holds it, in a Python environment of its own, and two jars beside.

The environment is both: a standalone distribution (its jars) and the client that submits SQL to it.
It stands apart because PyFlink pins packages that Starwatch has newer.
"""

import hashlib
import shutil
import subprocess
import sys
from pathlib import Path

from servers import maven
from servers.errors import Missing, ServerError
from servers.folders import ROOT

HERE = Path(__file__).parent

REQUIREMENTS = HERE / "requirements.txt"
"""Pinned and hashed; `make lock` writes it from requirements.in."""

VERSIONS = ("3.12", "3.11", "3.10")
"""Of Python: those that PyFlink has wheels for and Starwatch is tried with."""

CURRENT = ROOT / "flink-python" / "current"
"""A link to the newest environment, where `starwatch flink` looks for it."""


def distribution() -> Path:
    """The folder of Flink: `bin`, `conf`, `lib`, `plugins`.

    Raises:
        Missing: It is not there.
    """
    found = _distribution(_place())
    if found is None:
        raise Missing("Flink is not there. Run `make servers-install ONLY=flink`")
    return found


def python() -> Path:
    """The interpreter that can `import pyflink`.

    Raises:
        Missing: It is not there.
    """
    distribution()
    return _place() / "bin" / "python"


def fetch() -> bool:
    """Make the environment unless it is there; whether it was made.

    Raises:
        Missing: No Python here can run PyFlink.
        ServerError: pip or Maven failed, or gave what is not pinned.
    """
    place = _place()
    made = not place.is_dir()
    if made:
        part = place.with_suffix(".part")
        shutil.rmtree(part, ignore_errors=True)
        _make(part)
        part.rename(place)
    _point(place)
    return made


def _make(folder: Path) -> None:
    """Environment, packages, connector."""
    _run(_interpreter(), "-m", "venv", str(folder))
    pip = (str(folder / "bin" / "python"), "-m", "pip", "--disable-pip-version-check", "install")
    _run(*pip, "-q", "--no-deps", "--require-hashes", "-r", str(REQUIREMENTS))
    jars = folder / "jars"
    maven.fetch(HERE, jars)
    flink = _distribution(folder)
    if flink is None:
        raise ServerError(f"pip installed PyFlink, but no distribution is in {folder}")
    for jar in jars.glob("*.jar"):
        place = "opt" if jar.name.startswith("flink-sql-gateway") else "lib"  # as in the archive
        jar.rename(flink / place / jar.name)
    jars.rmdir()


def _interpreter() -> str:
    """A Python that PyFlink has wheels for, this one if it can be."""
    if "{}.{}".format(*sys.version_info[:2]) in VERSIONS:
        return sys.executable
    found = [path for version in VERSIONS if (path := shutil.which(f"python{version}"))]
    if not found:
        wanted = ", ".join(f"python{version}" for version in VERSIONS)
        raise Missing(f"PyFlink needs one of {wanted}. Install one, or name it: make … PYTHON=…")
    return found[0]


def _run(*command: str) -> None:
    told = subprocess.run(command, capture_output=True, text=True, check=False)
    if told.returncode != 0:
        raise ServerError(f"{' '.join(command)} failed:\n{told.stdout}{told.stderr}")


def _place() -> Path:
    """The environment's folder; its name changes with what it must hold."""
    pinned = hashlib.sha256(REQUIREMENTS.read_bytes() + (HERE / maven.SUMS).read_bytes())
    return CURRENT.parent / pinned.hexdigest()[:8]


def _distribution(environment: Path) -> Path | None:
    return next(environment.glob("lib/python3.*/site-packages/pyflink"), None)


def _point(place: Path) -> None:
    """Let `current` be this environment."""
    if CURRENT.is_symlink() and CURRENT.readlink() == Path(place.name):
        return
    part = CURRENT.with_suffix(".part")
    part.unlink(missing_ok=True)
    part.symlink_to(place.name)
    part.replace(CURRENT)
