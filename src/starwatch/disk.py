"""What a disk must be told so that names last over a crash, not only bytes."""

import os
from pathlib import Path


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
