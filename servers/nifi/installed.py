"""NiFi, put together from what Maven Central has of it: no distribution of it is there.

A NiFi is a folder of jars and of NARs, which are jars of jars with class loaders of their own. The
NAR of record readers and writers is not in the repository; it is packed here from its parts.
"""

import hashlib
import shutil
from pathlib import Path

from servers import maven
from servers.errors import Missing
from servers.folders import ROOT
from servers.nifi import nar

HERE = Path(__file__).parent

PINNED = (HERE, HERE / "records")
"""The folders that say what Maven fetches: NiFi, and the parts of the NAR that is packed."""

BOOTSTRAP = ("nifi-properties-loader-", "nifi-property-protection-")
"""Jars that NiFi loads beside its own class path, to read its settings."""


def home() -> Path:
    """The folder that holds `lib`; its name changes with what it must hold.

    Raises:
        Missing: It is not there.
    """
    if not _place().is_dir():
        raise Missing("NiFi is not there. Run `make servers-install ONLY=nifi`")
    return _place()


def fetch() -> bool:
    """Put it together unless it is there; whether it was.

    Raises:
        ServerError: Maven failed, or a file is not the one that is pinned.
    """
    if _place().is_dir():
        return False
    part = _place().with_suffix(".part")
    shutil.rmtree(part, ignore_errors=True)
    lib, parts = part / "lib", part / "parts"
    maven.fetch(PINNED[0], lib)
    maven.fetch(PINNED[1], parts)
    nar.pack(sorted(parts.iterdir()), lib / nar.NAME)
    shutil.rmtree(parts)
    (lib / "bootstrap").mkdir()
    for jar in lib.glob("*.jar"):
        if jar.name.startswith(BOOTSTRAP):
            jar.rename(lib / "bootstrap" / jar.name)
    part.rename(_place())
    return True


def _place() -> Path:
    what = [pinned / maven.SUMS for pinned in PINNED] + [Path(nar.__file__)]
    pinned = hashlib.sha256(b"".join(file.read_bytes() for file in what))
    return ROOT / "nifi-home" / pinned.hexdigest()[:8]
