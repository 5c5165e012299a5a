"""Twenty kills at random moments of a paced run, each after it had got further."""

import random
import sys
import time

import pytest

from commands import soon
from durable.runs import Scene, committed, started, undisturbed, untidy_files

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(sys.platform == "win32", reason="Windows knows no SIGKILL"),
]

KILLS = 20
LEAST_SECONDS = 30

BY_TIME = (
    *("--speed", "100x", "--order", "file", "--window", "5m/1m", "--window", "1m"),
    *("--bound", "60s", "--lateness", "4m", "--duplicates", "content"),
)
BY_ROW = ("--rate", "50", "--window", "5s/1s", "--window", "1s", "--duplicates", "content")
OFTEN = ("--snapshot-seconds", "0.7", "--seal-ratings", "200")


@pytest.mark.parametrize(("options", "rows"), [(BY_TIME, 230), (BY_ROW, 1700)])
def test_killed_at_random_moments(options, rows, tmp_path):
    seed = 20_240_105
    sys.stdout.write(f"seed {seed}\n")
    chance = random.Random(seed)  # noqa: S311 - moments that can be had again
    files = untidy_files(tmp_path, rows=rows, seed=seed, files=3)
    reference = undisturbed(files, tmp_path, options=options)
    scene = Scene(files, tmp_path / "killed", options, fast=False)
    scene.folder.mkdir()
    begun, kills = time.monotonic(), 0
    while kills < KILLS:
        before = committed(scene.state)
        with started(scene, *OFTEN) as child:
            soon(lambda before=before: committed(scene.state) > max(before, 0), seconds=30)
            time.sleep(chance.uniform(0, 1.2))  # the moment is what is random here
            assert child.poll() is None, f"it ended after {kills} kills: {child.stderr.read()}"
            child.kill()
            child.wait(30)
            kills += 1
    with started(scene, *OFTEN) as child:
        out, err = child.communicate(timeout=120)
    assert (child.returncode, out, err) == (0, "", "")
    assert time.monotonic() - begun >= LEAST_SECONDS
    scene.assert_like(reference)
