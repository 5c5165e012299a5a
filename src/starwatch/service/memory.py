"""Gives memory that is free back to the system, so that a process stays as large as it must be."""

import ctypes
import sys
from contextlib import suppress

import pyarrow as pa

_TRIM_THRESHOLD, _MMAP_THRESHOLD = -1, -3
"""What GNU's `mallopt` calls them (malloc.h)."""

_LARGE = 1 << 20
"""A block from which it is taken from the system by itself. A post of thousands of ratings has none
so large, a million ratings that are sealed have some."""

_FREE = 16 << 20
"""Of smaller blocks so many bytes may stay free for the next ones."""


def return_large_blocks() -> None:
    """Have large blocks go back to the system as soon as they are free.

    By itself the C library takes this for the first one only: then it keeps blocks of that size,
    up to 32 MB each, and every thread keeps some of its own.
    """
    if sys.platform == "linux":
        with suppress(OSError, AttributeError):  # another C library than GNU's has no such call
            library = ctypes.CDLL(None)
            library.mallopt(_MMAP_THRESHOLD, _LARGE)
            library.mallopt(_TRIM_THRESHOLD, _FREE)


def give_back() -> None:
    """Give back what the allocators keep for later; of use behind work that needed much at once."""
    pa.default_memory_pool().release_unused()
    if sys.platform == "linux":
        with suppress(OSError, AttributeError):  # another C library than GNU's has no such call
            ctypes.CDLL(None).malloc_trim(0)
