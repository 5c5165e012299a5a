"""Gives memory that is free back to the system, so that a process stays as large as it must be."""

import ctypes
import sys
from contextlib import suppress

import pyarrow as pa


def give_back() -> None:
    """Give back what the allocators keep for later; of use behind work that needed much at once."""
    pa.default_memory_pool().release_unused()
    if sys.platform == "linux":
        with suppress(OSError, AttributeError):  # another C library than GNU's has no such call
            ctypes.CDLL(None).malloc_trim(0)
