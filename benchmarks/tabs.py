"""What fifty tabs cost a service: throughput by HTTP with them against without, memory of each.

The service with its page runs in this process, clients and tabs in processes of their own. Sides
take turns, so that a tab's cost is that of one that is open while ratings come.
"""

import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Thread

from benchmarks.http_posts import Rates, port_of, posted
from benchmarks.measuring import Given, Result, main, resident_bytes
from starwatch.codecs.options import InputOptions
from starwatch.page.app import application
from starwatch.page.serving import serve
from starwatch.page.site import site
from starwatch.service.live import Service
from starwatch.service.rhythm import Rhythm
from starwatch.service.state import State, job_facts
from starwatch.service.stop import Stop
from starwatch.sources.http_door.endpoint import RatingsEndpoint
from starwatch.sources.http_door.source import HttpSource
from starwatch.windows.job import Job, WindowTime

TABS = 50
LINES, POSTS = 1000, 150
_SETTLE_SECONDS = 2.0
_NEVER = 1e9
"""Sealing and merging take a quarter of a core now and then, on whichever side that falls."""


def measure(given: Given) -> list[Result]:
    os.sched_setaffinity(0, range(os.cpu_count() or 1))
    with page() as port:
        with tabs(port, 1, 0):
            posted(port, 2, 1, LINES, POSTS)
        sides = {"none": 0, "same": 0, "distinct": 1}
        rates: dict[str, list[Rates]] = {name: [] for name in sides}
        memory: dict[str, list[float]] = {name: [] for name in sides}
        for name in [*sides] * (given.repeats + 1):
            with tabs(port, 0 if name == "none" else TABS, sides[name]) as each:
                memory[name].append(each)
                rates[name].append(posted(port, 2, 1, LINES, POSTS))
    wall, processor = (
        {name: statistics.median(rate[at] for rate in found[1:]) for name, found in rates.items()}
        for at in (0, 1)
    )
    results = []
    for name, what in (("same", "of one view"), ("distinct", "each of another page")):
        tab = f"{TABS} tabs {what}"
        results += [
            lost(f"{tab}: throughput lost", wall, name, must=10, aim=3),
            lost(f"{tab}: the same by processor time", processor, name),
            Result(
                f"{tab}: memory a tab",
                max(memory[name]) / 1000,  # later rounds use again what earlier ones let go
                unit="KB",
                must=1000,
                aim=200,
                more=False,
            ),
        ]
    return results


def lost(
    what: str,
    rate: dict[str, float],
    name: str,
    must: float | None = None,
    aim: float | None = None,
) -> Result:
    detail = f"{rate[name] / 1000:.3g} k/s against {rate['none'] / 1000:.3g} k/s"
    share = 100 * (1 - rate[name] / rate["none"])
    return Result(what, share, unit="%", must=must, aim=aim, more=False, detail=detail)


@contextmanager
def page() -> Iterator[int]:
    """A service with its door and its page: its port."""
    stop = Stop()
    job = Job(time=WindowTime.ARRIVAL, bound_ms=0)
    with (
        tempfile.TemporaryDirectory() as folder,
        State(Path(folder, "state"), rhythm=Rhythm(snapshot_seconds=_NEVER)) as state,
    ):
        state.belongs_to({"job": job_facts(job), "live": True})
        source = HttpSource(InputOptions(), job.scale)
        service = Service(state, job, [source], [])
        thread = Thread(target=service.run, args=(stop,))
        thread.start()
        with site(state.directory, status=service, committed=service.committed) as shown:
            posts = {"/ratings": RatingsEndpoint(source)}
            app = application(service, posts=posts, page=shown)
            server = serve(app, [("127.0.0.1", 0)], pages=shown.paths, stopping=shown.stop)
            while not source.ready:
                stop.wait(0.01)
            try:
                yield port_of(server.url)
            finally:
                stop.set()
                thread.join()
                server.stop()


@contextmanager
def tabs(port: int, number: int, distinct: int) -> Iterator[float]:
    """So many tabs; bytes that each takes of this process."""
    if not number:
        yield 0.0
        return
    before = resident_bytes()
    command = [sys.executable, "-m", "benchmarks.tab_client", *map(str, (port, number, distinct))]
    held = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    with held:
        next(iter(held.stdout or ()))
        time.sleep(_SETTLE_SECONDS)
        yield (resident_bytes() - before) / number
        if held.stdin:
            held.stdin.close()
    time.sleep(_SETTLE_SECONDS)


if __name__ == "__main__":
    main(measure)
