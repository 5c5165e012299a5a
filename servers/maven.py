"""Jars, fetched by Maven from the coordinates in a `pom.xml`, then compared with `SHA256SUMS`.

The NARs of NiFi are jars too.
"""

import hashlib
import subprocess
from pathlib import Path

from servers.errors import ServerError
from servers.programs import path_of

POM, SUMS = "pom.xml", "SHA256SUMS"
"""What a folder here says of its jars: which they are, and the checksum of each, as `sha256sum`
writes them. `make servers-lock` writes the second from the first."""


def fetch(pinned: Path, folder: Path) -> None:
    """Put the jars that a folder here pins into another folder, which nobody else uses yet.

    Raises:
        ServerError: Maven failed, or a jar is not the one that is pinned.
    """
    download(pinned / POM, folder)
    if differ := _differences(pinned / SUMS, folder):
        raise ServerError(f"jars that are not those in {pinned.name}/{SUMS}: {', '.join(differ)}")


def download(pom: Path, folder: Path) -> None:
    """Let Maven copy the jars into a folder; it checks the repository's checksums itself."""
    goal = ("dependency:copy-dependencies", "-DincludeScope=runtime", f"-DoutputDirectory={folder}")
    command = [path_of("mvn"), "-B", "-q", "--strict-checksums", "-f", str(pom), *goal]
    told = subprocess.run(command, capture_output=True, text=True, check=False)
    if told.returncode != 0:
        what = f"what {pom.parent.name}/{pom.name} names"
        raise ServerError(f"Maven could not fetch {what}:\n{told.stdout}{told.stderr}")


def lock(pinned: Path, folder: Path) -> int:
    """Write the checksums of the jars anew, as Maven gives them now; how many they are."""
    download(pinned / POM, folder)
    lines = [f"{digest}  {name}\n" for name, digest in _sums(folder).items()]
    (pinned / SUMS).write_text("".join(lines))
    return len(lines)


def _sums(folder: Path) -> dict[str, str]:
    """The SHA-256 of each file in a folder, by name."""
    files = sorted(folder.iterdir())
    return {file.name: hashlib.sha256(file.read_bytes()).hexdigest() for file in files}


def _differences(sums: Path, folder: Path) -> list[str]:
    """The names of jars that are missing, extra or other than pinned."""
    pairs = [line.split() for line in sums.read_text().splitlines()]
    pinned = {name: digest for digest, name in pairs}
    return sorted({name for name, _ in pinned.items() ^ _sums(folder).items()})
