"""Snapshots of the engine as Arrow IPC files (architecture §7).

A snapshot is a tree of plain values, numpy arrays and Arrow string columns. Its arrays become
list columns of one row, so that they may differ in length; the rest is JSON beside them.
"""

import os
import zlib
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pyarrow as pa

from starwatch.disk import sync_folder
from starwatch.engine import Snapshot
from starwatch.errors import BadState
from starwatch.failpoints import reached

_PIECE_BYTES = 1 << 20


def write_snapshot(folder: Path, journal: int, snapshot: Snapshot) -> str:
    """Write a snapshot so that it is there whole or not at all, also over a crash.

    Returns:
        The file's name: the last journal entry that it holds, and a checksum of its bytes, for
        Arrow files have none of their own and a disk may break any of them.

    Raises:
        OSError: the disk is full or fails.
    """
    columns: dict[str, pa.Array] = {}
    tree = _packed(snapshot, columns)
    metadata = {"tree": msgspec.json.encode(tree)}
    schema = pa.schema([(name, column.type) for name, column in columns.items()], metadata)
    part = folder / f"{journal:012d}.part"
    reached("snapshot.before")
    # Straight from the arrays to the file, neither packed nor gathered: fingerprints do not shrink,
    # and a service's memory stays as it is.
    with pa.OSFile(str(part), "wb") as sink, pa.ipc.new_file(sink, schema) as writer:
        writer.write_batch(pa.record_batch(list(columns.values()), schema=schema))
    path = folder / f"{journal:012d}-{_secured(part):08x}.arrow"
    reached("snapshot.written")
    part.replace(path)
    sync_folder(folder)
    reached("snapshot.renamed")
    return path.name


def _secured(path: Path) -> int:
    """Have a file on the disk; returns the checksum of its bytes."""
    checksum = 0
    with path.open("rb+") as file:
        while piece := file.read(_PIECE_BYTES):
            checksum = zlib.crc32(piece, checksum)
        os.fsync(file.fileno())
    return checksum


def read_snapshot(path: Path) -> Snapshot:
    """The snapshot that was written to a file.

    Raises:
        BadState: the file is not there or broken.
    """
    try:
        data = path.read_bytes()
        if f"{zlib.crc32(data):08x}" != path.stem.rpartition("-")[2]:
            raise _broken(path, "its checksum is another")
        with pa.ipc.open_file(pa.BufferReader(data)) as reader:
            batch = reader.get_batch(0)
            tree = msgspec.json.decode(reader.schema.metadata[b"tree"])
            snapshot: Snapshot = _unpacked(tree, batch)
            return snapshot
    except (OSError, pa.ArrowInvalid, KeyError, msgspec.DecodeError) as error:
        raise _broken(path, str(error)) from None


def _broken(path: Path, why: str) -> BadState:
    return BadState(
        f"the snapshot {path} cannot be read ({why})", hint="Restore a backup of the state"
    )


def _packed(value: Any, columns: dict[str, pa.Array]) -> Any:
    """A value as JSON; arrays move into `columns` and leave their name behind."""
    if isinstance(value, dict):
        pairs = [[_packed(k, columns), _packed(v, columns)] for k, v in value.items()]
        return {"pairs": pairs}
    if isinstance(value, list | tuple):
        kind = "tuple" if isinstance(value, tuple) else "list"
        return {kind: [_packed(each, columns) for each in value]}
    if isinstance(value, pa.Array):
        return {"column": _moved(value, columns)}
    if isinstance(value, np.ndarray):
        name = _moved(pa.array(np.ascontiguousarray(value).reshape(-1)), columns)
        return {"column": name, "shape": list(value.shape)}
    return {"value": value}


def _moved(values: pa.Array, columns: dict[str, pa.Array]) -> str:
    name = f"c{len(columns)}"
    offsets = pa.array([0, len(values)], pa.int64())
    columns[name] = pa.LargeListArray.from_arrays(offsets, values)
    return name


def _unpacked(tree: dict[str, Any], batch: pa.RecordBatch) -> Any:
    if "pairs" in tree:
        return {_unpacked(k, batch): _unpacked(v, batch) for k, v in tree["pairs"]}
    if "list" in tree:
        return [_unpacked(each, batch) for each in tree["list"]]
    if "tuple" in tree:
        return tuple(_unpacked(each, batch) for each in tree["tuple"])
    if "column" in tree:
        values = batch.column(tree["column"]).values
        if "shape" not in tree:
            return pa.concat_arrays([values])
        return np.array(values.to_numpy(zero_copy_only=False)).reshape(tree["shape"])
    return tree["value"]


class Snapshots:
    """The snapshot files of a state directory; the two newest that a commit named are kept.

    Args:
        folder: Where they lie; made if it is not there.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        folder.mkdir(exist_ok=True)

    def write(self, journal: int, snapshot: Snapshot) -> str:
        """Write a snapshot that holds all journal entries up to this one; returns its name."""
        return write_snapshot(self._folder, journal, snapshot)

    def size(self, name: str) -> int:
        """The bytes of a snapshot by its name."""
        return (self._folder / name).stat().st_size

    def read(self, name: str) -> Snapshot:
        """Read a snapshot by its name.

        Raises:
            BadState: the file is not there or broken.
        """
        return read_snapshot(self._folder / name)

    def sweep(self, named: set[str]) -> None:
        """Remove snapshots that no commit names: older ones, and those of a crash."""
        for path in self._others(named):
            with suppress(PermissionError):  # somebody copies it, on Windows; it goes the next time
                path.unlink(missing_ok=True)

    def _others(self, named: set[str]) -> Iterator[Path]:
        ours = (path for path in self._folder.iterdir() if path.suffix in {".arrow", ".part"})
        return (path for path in ours if path.name not in named and path.is_file())
