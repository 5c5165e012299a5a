"""What a state costs: CSV to closed windows with `--state` on against off, and bytes on the disk.

Both sides are the command as a user runs it, without an output. The processor time of the whole
process counts, that of its threads for snapshots and sealed files too; so does starting it.
"""

import os
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import time
from contextlib import closing
from pathlib import Path

from benchmarks.data import made
from benchmarks.measuring import Given, Result, main
from starwatch.journal.places import DATABASE

RATINGS = 10_000_000


def measure(given: Given) -> list[Result]:
    path = made(given.data, "ratings.csv")
    with tempfile.TemporaryDirectory(dir=given.data) as folder:
        # Nothing is sealed before a second snapshot, for which these runs are too short by default.
        replayed(path, "--state", f"{folder}/state", "--snapshot-seconds", "1")
        files, sealed = sealed_ratings(Path(folder, "state"))
    taken: dict[str, list[tuple[float, float]]] = {"on": [], "off": []}
    for _ in range(given.repeats):
        with tempfile.TemporaryDirectory(dir=given.data) as folder:
            taken["on"].append(replayed(path, "--state", f"{folder}/state"))
            taken["off"].append(replayed(path))
    busy, real = (
        {side: statistics.median(each[place] for each in taken[side]) for side in taken}
        for place in (0, 1)
    )
    return [
        Result(
            "9 CSV → closed windows (`--order file`) with `--state` on against off",
            busy["off"] / busy["on"],
            must=0.5,
            aim=0.8,
            detail=f"{RATINGS / busy['on'] / 1e6:.2f} M/s against "
            f"{RATINGS / busy['off'] / 1e6:.2f} M/s",
        ),
        Result(
            "9 the same in real time, on one core and this disk",
            real["off"] / real["on"],
            detail=f"{real['off']:.1f} s against {real['on']:.1f} s",
        ),
        Result(
            "9 disk: a sealed rating",
            files / sealed,
            unit="B",
            must=20,
            aim=16,
            more=False,
            detail=f"{sealed:,} ratings in {files / 1e6:.0f} MB",
        ),
    ]


def replayed(path: Path, *options: str) -> tuple[float, float]:
    """Processor and real seconds of one run."""
    command = [sys.executable, "-m", "starwatch", "replay", str(path), "--as-fast-as-possible"]
    begun = time.monotonic()
    before = os.times()
    subprocess.run([*command, "--order", "file", "--quiet", *options], check=True)
    after = os.times()
    busy = after.children_user + after.children_system
    busy -= before.children_user + before.children_system
    return busy, time.monotonic() - begun


def sealed_ratings(state: Path) -> tuple[int, int]:
    """Bytes of the files of sealed ratings, and how many ratings they hold."""
    with closing(sqlite3.connect(state / DATABASE)) as database:
        (sealed,) = database.execute(
            "SELECT sum(ratings) FROM (SELECT DISTINCT first, ratings FROM sealed)"
        ).fetchone()
    return sum(file.stat().st_size for file in state.glob("ratings/**/*.parquet")), sealed


if __name__ == "__main__":
    main(measure)
