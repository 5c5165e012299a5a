"""What files of ratings and panes were when they were written: a disk may give back other bytes."""

import sqlite3
from dataclasses import dataclass
from pathlib import Path

from starwatch.disk import checksum
from starwatch.errors import BadState


@dataclass(frozen=True, slots=True)
class Written:
    """A file as it was written.

    Attributes:
        size: Its bytes.
        crc: Their CRC-32.
    """

    size: int
    crc: int


def written_files(database: sqlite3.Connection) -> dict[str, dict[str, Written]]:
    """The files of ratings and panes as they were written, by table and name."""
    return {
        table: {
            file: Written(size, crc)
            for file, size, crc in database.execute(f"SELECT file, bytes, crc FROM {table}")  # noqa: S608 - a name of our own
        }
        for table in ("sealed", "backfilled", "history")
    }


def check_file(path: Path, written: Written, *, hint: str, called: Path | None = None) -> None:
    """Refuse a file that is not what was written.

    Args:
        path: Where it is.
        written: What it was.
        hint: What to do then.
        called: What it is called, if not by its path.

    Raises:
        BadState: it is not there, has other bytes, or cannot be read.
    """
    try:
        size = path.stat().st_size
        crc = checksum(path) if size == written.size else None
    except FileNotFoundError:
        raise BadState(f"{called or path} is not there", hint=hint) from None
    except OSError as error:
        raise BadState(f"{called or path} cannot be read ({error.strerror})", hint=hint) from None
    if crc is None:
        why = f"it has {size:,} bytes, and had {written.size:,}"
    elif crc != written.crc:
        why = "its bytes are not those that were written (CRC-32)"
    else:
        return
    raise BadState(f"{called or path} is broken: {why}", hint=hint)
