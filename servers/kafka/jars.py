"""The jars of Kafka, from Maven Central."""

import hashlib
import shutil
from pathlib import Path

from servers import maven
from servers.errors import Missing
from servers.folders import ROOT

HERE = Path(__file__).parent


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
    maven.fetch(HERE, part)
    part.rename(_place())
    return True


def _place() -> Path:
    pinned = hashlib.sha256((HERE / maven.SUMS).read_bytes()).hexdigest()[:8]
    return ROOT / "kafka-jars" / pinned
