"""The NAR of NiFi's record readers and writers: a jar that holds jars, and says whose child it is.

The same parts give the same bytes, wherever and whenever they are packed.
"""

from collections.abc import Iterable
from pathlib import Path
from zipfile import ZIP_STORED, ZipFile, ZipInfo

VERSION = "1.18.0"

NAME = f"nifi-record-serialization-services-nar-{VERSION}.nar"

MANIFEST = {
    "Manifest-Version": "1.0",
    "Nar-Group": "org.apache.nifi",
    "Nar-Id": "nifi-record-serialization-services-nar",
    "Nar-Version": VERSION,
    "Nar-Dependency-Group": "org.apache.nifi",
    "Nar-Dependency-Id": "nifi-standard-services-api-nar",
    "Nar-Dependency-Version": VERSION,
}
"""As NiFi's own build writes it: the interfaces of readers and writers are its parent's."""

PARTS = "META-INF/bundled-dependencies/"

EPOCH = (1980, 1, 1, 0, 0, 0)
"""The oldest time that a zip file can name; a real one would make each packing another file."""


def pack(jars: Iterable[Path], nar: Path) -> None:
    """Write a NAR that holds these jars, in the order given; it is not compressed again."""
    manifest = "".join(f"{key}: {value}\r\n" for key, value in MANIFEST.items()) + "\r\n"
    with ZipFile(nar, "w", ZIP_STORED) as file:
        for folder in ("META-INF/", PARTS):  # NiFi makes no folder that is not named
            file.writestr(ZipInfo(folder, EPOCH), b"")
        file.writestr(ZipInfo("META-INF/MANIFEST.MF", EPOCH), manifest)
        for jar in jars:
            file.writestr(ZipInfo(f"{PARTS}{jar.name}", EPOCH), jar.read_bytes())
