"""`replay --to`: every row at its moment by the wall clock, however slowly its file is read."""

import time
from contextlib import contextmanager
from itertools import count
from unittest import mock

import pytest

from commands import csv_file, starwatch
from starwatch.cli import sending as command
from starwatch.service.pacing import Pacing
from starwatch.sources.text_files import TextFile

EVERY_MS = 400


class Told:
    """A target that notes when it was given what."""

    name = "told://here"

    def __init__(self):
        self.given = []

    @property
    def acknowledged(self):
        return len(self.given)

    def send(self, ratings, stopped):
        del stopped
        now_ms = time.time_ns() / 1e6
        self.given += [(now_ms, rating.product) for rating in ratings]
        return len(ratings)

    def close(self, seconds):
        del seconds


@contextmanager
def slow_reading(seconds):
    """Every first block of a file comes that late."""
    blocks = TextFile.blocks

    def late(self):
        time.sleep(seconds)
        yield from blocks(self)

    with mock.patch.object(TextFile, "blocks", late):
        yield


@pytest.mark.parametrize("late_seconds", [0, 0.6])
def test_every_row_goes_out_half_an_interval_behind_a_boundary(tmp_path, late_seconds):
    told = Told()
    file = csv_file(tmp_path / "f.csv", *(f"u,p{n},5,1600000000" for n in range(4)))
    pace = ("--every", f"{EVERY_MS}ms", "--window", f"{EVERY_MS}ms")
    to_told = mock.patch.object(command, "open_publisher", return_value=told)
    with to_told, slow_reading(late_seconds):
        done = starwatch("replay", file, "--to", "mqtt://h/t", *pace, "--quiet")
    assert (done.code, done.err) == (0, "")
    assert [product for _, product in told.given] == ["p0", "p1", "p2", "p3"]
    begin_ms = told.given[0][0] // EVERY_MS * EVERY_MS + EVERY_MS / 2
    for (at_ms, _), number in zip(told.given, count(), strict=False):
        assert -2 <= at_ms - (begin_ms + number * EVERY_MS) < EVERY_MS * 0.4


def test_before_a_timeline_begins_nothing_of_it_is_due():
    class Never:
        def is_set(self):
            return False

    now = 70.0
    pacing = Pacing(1000, Never(), lambda: now, begin=70.0004)
    assert pacing.now_ms == 999
    assert pacing.due([1000, 1001, 1002]) == 0
    now = 70.0014
    assert pacing.due([1000, 1001, 1002]) == 2
