"""A full disk ends a run in one line; nothing is lost, and with room it goes on."""

import os
import sys

import pytest

from commands import run
from durable.runs import FREQUENT, Scene, said
from durable.small_disk import small_disk

pytestmark = pytest.mark.skipif(
    sys.platform != "linux" or os.geteuid() != 0, reason="only root may mount a small disk"
)


# From no room for the database to room for all but the last snapshots.
@pytest.mark.parametrize(
    "kilobytes",
    [4, 130, 300, *(pytest.param(n, marks=pytest.mark.slow) for n in (40, 90, 200, 250, 420))],
)
def test_a_full_disk_ends_the_run_and_room_lets_it_go_on(kilobytes, tmp_path, reference):
    with small_disk(tmp_path / "disk", kilobytes) as resize:
        scene = Scene(reference.files, tmp_path)
        command = scene.command("--state", str(tmp_path / "disk" / "state"), *FREQUENT)
        for _ in range(2):  # once more on the full disk: nothing is opened, nothing harmed
            done = run(*command)
            assert (done.code, done.out) == (1, "")
            assert done.err.startswith("error: ")
            assert done.err.count("\n") == 1
            assert "Make room on the disk" in done.err, done.err
        resize(64_000)
        done = run(*command)
        assert (done.code, done.out, done.err) == (0, "", "")
        for mine, theirs in zip(scene.texts, reference.texts, strict=True):
            assert mine.read_bytes() == theirs.read_bytes()
        assert scene.rows() == reference.rows()
        assert said("ledger", tmp_path / "disk" / "state") == reference.told()[0]
