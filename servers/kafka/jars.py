"""The jars of Kafka: fetched by Maven from the coordinates in `pom.xml`, then checked."""

import hashlib
import shutil
import subprocess
from pathlib import Path

from servers.errors import Missing, ServerError
from servers.folders import ROOT
from servers.programs import path_of

HERE = Path(__file__).parent

SUMS = HERE / "SHA256SUMS"
"""Of every jar, as `sha256sum` writes them; `make servers-lock` writes it anew."""


def jars() -> Path:
    """The folder of jars; its name changes with what it must hold.

    Raises:
        Missing: They are not there.
    """
    if not _place().is_dir():
        raise Missing("the jars of Kafka are not there. Run `make servers-install`")
    return _place()


def fetch() -> bool:
    """Fetch the jars unless they are there; whether they were fetched.

    Raises:
        ServerError: Maven failed, or a jar is not the one that is pinned.
    """
    if _place().is_dir():
        return False
    part = _place().with_suffix(".part")
    shutil.rmtree(part, ignore_errors=True)
    download(part)
    if differ := _differences(part):
        raise ServerError(f"jars of Kafka that are not those pinned: {', '.join(differ)}")
    part.rename(_place())
    return True


def download(folder: Path) -> None:
    """Let Maven copy the jars into a folder; it checks the repository's checksums itself."""
    goal = ("dependency:copy-dependencies", "-DincludeScope=runtime", f"-DoutputDirectory={folder}")
    command = [path_of("mvn"), "-B", "-q", "--strict-checksums", "-f", str(HERE / "pom.xml"), *goal]
    told = subprocess.run(command, capture_output=True, text=True, check=False)
    if told.returncode != 0:
        raise ServerError(f"Maven could not fetch Kafka:\n{told.stdout}{told.stderr}")


def sums(folder: Path) -> dict[str, str]:
    """The SHA-256 of each jar in a folder, by name."""
    jars = sorted(folder.glob("*.jar"))
    return {jar.name: hashlib.sha256(jar.read_bytes()).hexdigest() for jar in jars}


def _place() -> Path:
    pinned = hashlib.sha256(SUMS.read_bytes()).hexdigest()[:8]
    return ROOT / "kafka-jars" / pinned


def _differences(folder: Path) -> list[str]:
    """The names of jars that are missing, extra or other than pinned."""
    pairs = [line.split() for line in SUMS.read_text().splitlines()]
    pinned = {name: digest for digest, name in pairs}
    return sorted({name for name, _ in pinned.items() ^ sums(folder).items()})
