"""What a view takes off a replay at full speed that runs in the same process.

The replay is the command itself, from CSV into a state; the view has its thread beside it. Sides
take turns: no view, a view that nobody looks at, and one whose newest windows are looked at after
each change, as a tab does. Real time is what a user waits; processor time counts all threads, as if
there were one core.
"""

import os
import statistics
import subprocess
import sys
import tempfile
import time
from contextlib import suppress
from pathlib import Path
from threading import Event, Thread

import pyarrow as pa

from benchmarks.data import made
from benchmarks.measuring import Given, Result, main
from starwatch.errors import StarwatchError

RATINGS = 2_000_000
SIDES = ("none", "open", "tab")


def measure(given: Given) -> list[Result]:
    path = made(given.data, "ratings.csv")
    taken: dict[str, list[tuple[float, float]]] = {side: [] for side in SIDES}
    for side in SIDES * (given.repeats + 1):
        command = [sys.executable, "-m", "benchmarks.view_throughput", side, str(path)]
        done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
        wall, busy = map(float, done.stdout.split())
        taken[side].append((wall, busy))
    results = []
    for side, what in (("open", "a view, no tab"), ("tab", "a view, one tab")):
        for at, how in ((0, ""), (1, ", by processor time of all threads")):
            without, with_it = (
                statistics.median(each[at] for each in taken[name][1:]) for name in ("none", side)
            )
            results.append(
                Result(
                    f"views: {what}: throughput lost of a replay at full speed{how}",
                    100 * (1 - without / with_it),
                    "%",
                    must=None if at else 10,
                    aim=None if at else 3,
                    more=False,
                    detail=f"{RATINGS / with_it / 1000:.0f} k/s against "
                    f"{RATINGS / without / 1000:.0f} k/s",
                )
            )
    return results


def replay(side: str, path: str) -> None:
    """One replay; prints its seconds, real and of the processor."""
    from starwatch.cli.main import cli  # noqa: PLC0415
    from starwatch.views import ProductQuery, Views  # noqa: F401, PLC0415 - imported for all sides

    pa.array([], pa.string())  # so that pandas, where it is installed, is loaded on all sides too

    os.sched_setaffinity(0, range(os.cpu_count() or 1))
    with tempfile.TemporaryDirectory() as folder:
        state, done = Path(folder, "state"), Event()
        watcher = Thread(target=watch, args=(state, done), kwargs={"looking": side == "tab"})
        wall, busy = time.monotonic(), time.process_time()
        if side != "none":
            watcher.start()
        words = ["replay", path, "--state", str(state), "--as-fast-as-possible", "--quiet"]
        cli([*words, "--order", "file", "--limit", str(RATINGS)], standalone_mode=False)
        took = time.monotonic() - wall, time.process_time() - busy
        done.set()
        if side != "none":
            watcher.join()
    print(*took)


def watch(state: Path, done: Event, *, looking: bool) -> None:
    """Follow the state from its first moment on."""
    from starwatch.views import ProductQuery, Views  # noqa: PLC0415

    while not done.wait(0.05):
        with suppress(StarwatchError), Views.open(state) as views:
            seq = 0
            while not done.is_set():
                before, seq = seq, views.wait(seq, 0.1)
                if looking and seq != before:
                    views.products(ProductQuery())
                    views.about()


if __name__ == "__main__":
    if len(sys.argv) == 3 and sys.argv[1] in SIDES:
        replay(*sys.argv[1:])
    else:
        main(measure)
