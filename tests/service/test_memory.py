"""What a process needs of memory: only what it uses, and only as long."""

import os
import subprocess
import sys
from pathlib import Path
from resource import getpagesize

import numpy as np
import pytest

from property.players import batch_of, rating
from property.streams import Rate
from starwatch.admission.duplicates import Memory
from starwatch.service.memory import return_large_blocks
from starwatch.windows.job import Duplicates, Job

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="reads /proc/self/statm")

MB = 1_000_000


def resident():
    return int(Path("/proc/self/statm").read_text().split()[1]) * getpagesize()


def twice(memory, rating_id):
    """Whether a rating is a duplicate, given twice."""
    batch = batch_of([rating(5, 0, Rate(0, 0, "p", "u", 1, 0, rating_id))])
    zero = np.zeros(1, np.int64)
    return [bool(memory.find(batch, zero, zero)[0]) for _ in range(2)]


def test_a_memory_takes_its_room_with_the_first_rating_that_it_can_recognise():
    assert twice(Memory(Job(duplicates=Duplicates.IDS, max_entries=16)), "id") == [False, True]
    before = resident()
    memory = Memory(Job(duplicates=Duplicates.IDS))
    assert twice(memory, "") == [False, False]
    assert resident() - before < 5 * MB
    assert twice(memory, "id") == [False, True]
    assert 90 * MB < resident() - before < 110 * MB


def test_large_blocks_go_back_to_the_system_whoever_else_needs_some():
    """In a process of its own: where large blocks are free already, those are taken first."""
    code = "from service.test_memory import large_blocks; large_blocks()"
    tests = str(Path(__file__).parents[1])
    subprocess.run([sys.executable, "-c", code], check=True, env=os.environ | {"PYTHONPATH": tests})


def large_blocks():
    return_large_blocks()
    before = resident()
    # A small one behind each large one.
    kept = [(np.ones(1000), np.ones(4 * MB // 8)) for _ in range(8)]
    assert resident() - before > 30 * MB
    kept = [small for small, _ in kept]
    assert resident() - before < 5 * MB
