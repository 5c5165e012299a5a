"""Columns that are seldom read, in an unnamed temporary file instead of in memory.

The operating system keeps of it in memory what is used, as far as there is room. The file has no
name (where names can go before their files), and is gone with the last column that lies in it.
"""

import logging
from collections.abc import Sequence
from tempfile import TemporaryFile
from typing import Any

import numpy as np
from numpy.typing import NDArray

_LOG = logging.getLogger(__name__)

_ALIGNED = 8
"""Bytes that columns begin at a multiple of, as numpy reads them fastest."""


def spilled(columns: Sequence[NDArray[Any]]) -> list[NDArray[Any]]:
    """The same columns, read-only, out of a temporary file.

    Where that cannot be written they stay in memory, which is logged.
    """
    if not any(column.nbytes for column in columns):
        return list(columns)
    places = []
    try:
        with TemporaryFile(prefix="starwatch-") as file:
            for column in columns:
                file.write(bytes(-file.tell() % _ALIGNED))
                places.append(file.tell())
                file.write(np.ascontiguousarray(column).data)
            file.flush()
            whole = np.asarray(np.memmap(file, np.uint8, "r"))
    except OSError as error:
        _LOG.warning("panes stay in memory, for no temporary file can be written: %s", error)
        return list(columns)
    return [
        whole[at : at + column.nbytes].view(column.dtype).reshape(column.shape)
        for at, column in zip(places, columns, strict=True)
    ]
