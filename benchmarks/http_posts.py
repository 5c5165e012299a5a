"""Ratings by HTTP to their commit: lines against the codec alone, single ones against no store.

The service runs in this process, on all cores, and so do its clients in processes of their own;
times are those of the clock on the wall, for waiting for the disk is part of it, and processor
time for orientation.
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
from typing import Any

from benchmarks.http_client import request
from benchmarks.measuring import Given, Result, main
from starwatch.codecs.messages import JsonMessages
from starwatch.codecs.options import InputOptions
from starwatch.page.app import application
from starwatch.page.serving import serve
from starwatch.ratings.scale import Scale
from starwatch.service.live import Service
from starwatch.service.state import State
from starwatch.service.stop import Stop
from starwatch.sources.http_door.endpoint import RatingsEndpoint
from starwatch.sources.http_door.source import HttpSource
from starwatch.windows.job import Job, WindowTime

LINES, LINE_POSTS = 1000, 150
SINGLE_POSTS, CONNECTIONS = 6000, 32

Rates = tuple[float, float]
"""Ratings a second: by the clock on the wall, and by processor time of this process."""

FIXED = b'{"received":1,"counted":1,"duplicate":0,"late":0,"rejected":0,"rejects":[]}'


def measure(given: Given) -> list[Result]:
    os.sched_setaffinity(0, range(os.cpu_count() or 1))
    with door() as (port, idle_port):
        sides = {
            "lines": lambda: posted(port, 2, 1, LINES, LINE_POSTS),
            "codec": codec_alone,
            "single": lambda: posted(port, 1, CONNECTIONS, 1, SINGLE_POSTS),
            "nothing": lambda: posted(idle_port, 1, CONNECTIONS, 1, SINGLE_POSTS),
        }
        found: dict[str, list[Rates]] = {name: [] for name in sides}
        for name in [*sides] * (given.repeats + 1):
            found[name].append(sides[name]())
    wall, processor = (
        {name: statistics.median(rate[at] for rate in rates[1:]) for name, rates in found.items()}
        for at in (0, 1)
    )
    lines = "HTTP NDJSON, 1,000 lines a post, two clients, to the commit, against the codec alone"
    single = (
        "HTTP single ratings, 32 connections, against the same server answering without storing"
    )
    return [
        row(lines, wall, ("lines", "codec"), must=0.2, aim=0.5),
        row("the same in the server's processor time", processor, ("lines", "codec")),
        row(single, wall, ("single", "nothing"), must=0.3, aim=0.6),
        row("the same in the server's processor time", processor, ("single", "nothing")),
    ]


def row(
    what: str,
    rates: dict[str, float],
    names: tuple[str, str],
    must: float | None = None,
    aim: float | None = None,
) -> Result:
    ours, theirs = (rates[name] for name in names)
    detail = f"{ours / 1000:.3g} k/s against {theirs / 1000:.3g} k/s"
    return Result(what, ours / theirs, unit="", must=must, aim=aim, detail=detail)


@contextmanager
def door() -> Iterator[tuple[int, int]]:
    """A service with its door, and the same server without one: their ports."""
    stop = Stop()
    job = Job(time=WindowTime.ARRIVAL, bound_ms=0)
    with tempfile.TemporaryDirectory() as folder, State(Path(folder, "state")) as state:
        source = HttpSource(InputOptions(), job.scale)
        service = Service(state, job, [source], [])
        thread = Thread(target=service.run, args=(stop,))
        thread.start()
        taking = application(service, posts={"/ratings": RatingsEndpoint(source)})
        server = serve(taking, [("127.0.0.1", 0)])
        idle = serve(application(service, posts={"/ratings": Nothing()}), [("127.0.0.1", 0)])
        while not source.ready:
            stop.wait(0.01)
        try:
            yield port_of(server.url), port_of(idle.url)
        finally:
            stop.set()
            thread.join()
            server.stop()
            idle.stop()


class Nothing:
    """Reads the body, stores nothing, and says what the door would say."""

    async def __call__(self, _: Any, receive: Any, send: Any) -> None:
        """Answer one request."""
        while (await receive()).get("more_body"):
            pass
        headers = [
            (b"content-type", b"application/json"),
            (b"content-length", str(len(FIXED)).encode()),
        ]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": FIXED})


def port_of(url: str) -> int:
    return int(url.rpartition(":")[2])


def posted(port: int, processes: int, connections: int, lines: int, posts: int) -> Rates:
    """Have so many clients each post so often; the longest of them counts."""
    words = map(str, (port, connections, lines, posts))
    command = [sys.executable, "-m", "benchmarks.http_client", *words]
    used = time.process_time()
    begun = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(processes)]
    took = max(float(each.communicate()[0]) for each in begun)
    number = processes * lines * posts
    return number / took, number / (time.process_time() - used)


def codec_alone() -> Rates:
    """The codec, from bodies to columns."""
    body = request(LINES).partition(b"\r\n\r\n")[2]
    codec = JsonMessages(InputOptions(), Scale())
    begun, used = time.perf_counter(), time.process_time()
    for _ in range(LINE_POSTS):
        codec.decode(body.split(b"\n"))
    number = LINES * LINE_POSTS
    return number / (time.perf_counter() - begun), number / (time.process_time() - used)


if __name__ == "__main__":
    main(measure)
