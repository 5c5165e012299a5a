"""What a disk must be told so that names last over a crash, and what tells whether bytes did."""

import os
import zlib
from pathlib import Path

_BLOCK = 1 << 20
"""Bytes that are read at once: more is not faster."""


def sync_folder(folder: Path) -> None:
    """Make new names and renames in a folder last over a crash, where the system can.

    Raises:
        OSError: the disk fails.
    """
    if os.name == "nt":
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def sync_file(path: Path) -> None:
    """Make the bytes of a file last over a crash.

    Raises:
        OSError: the disk fails.
    """
    with path.open("rb+") as file:
        os.fsync(file.fileno())


def checksum(path: Path) -> int:
    """The CRC-32 of the bytes of a file.

    Raises:
        OSError: it cannot be read.
    """
    crc = 0
    with path.open("rb") as file:
        while block := file.read(_BLOCK):
            crc = zlib.crc32(block, crc)
    return crc
