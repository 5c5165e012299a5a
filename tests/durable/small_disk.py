"""A disk so small that it fills; only root may make one, and only on Linux."""

import os
import subprocess
from contextlib import contextmanager

import pytest


@contextmanager
def small_disk(folder, kilobytes):
    """A folder on a disk of its own; gives a function that resizes it."""
    folder.mkdir()

    def mount(size, *options):
        mounting = ["mount", *options, "-o", f"size={size}k", str(folder)]
        return subprocess.run(mounting, check=False, capture_output=True, text=True, timeout=20)

    made = mount(kilobytes, "-t", "tmpfs", "tmpfs")
    if made.returncode:
        if os.environ.get("CI"):
            pytest.fail(f"CI leaves out nothing, and no disk can be mounted: {made.stderr}")
        pytest.skip(f"no disk can be mounted here: {made.stderr}")
    try:
        yield lambda size: mount(size, "-o", "remount").check_returncode()
    finally:
        subprocess.run(["umount", str(folder)], check=True, timeout=20)
