"""From the answer that a rating is committed to the event that shows it, at 1,000 ratings a second.

A tab of the whole overview reads in this process, the service runs in one of its own, and posts of
ten ratings leave every 10 ms. Each post's answer means that its ratings are committed; the event
whose books hold as many shows them.
"""

import json
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from http.client import HTTPConnection
from pathlib import Path
from threading import Thread

from benchmarks.measuring import Given, Result, main

PRODUCTS = 10_000
POST_RATINGS, EVERY_SECONDS, SECONDS = 10, 0.01, 20.0


def measure(given: Given) -> list[Result]:
    del given
    with tempfile.TemporaryDirectory() as folder, service(Path(folder)) as port:
        waits = sorted(latencies(port))
    return [
        Result(
            f"committed to the event of a tab, 1,000 ratings/s of {PRODUCTS:,} products: {name}",
            1000 * waits[int(share * (len(waits) - 1))],
            unit="ms",
            must=500 if name == "p99" else None,
            aim=250 if name == "p99" else None,
            more=False,
            detail=f"{len(waits)} posts, median {1000 * statistics.median(waits):.0f} ms",
        )
        for name, share in (("p99", 0.99), ("median", 0.5))
    ]


@contextmanager
def service(folder: Path) -> Iterator[int]:
    """A service with its page; its port."""
    program = Path(sys.executable).with_name("starwatch")
    command = [program, "run", "--source", "none", "--port", "0", "--state", folder / "s"]
    running = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
    try:
        told = running.stderr or ()
        line = next(line for line in told if "the page is at" in line)
        Thread(target=list, args=(told,), daemon=True).start()
        yield int(line.rstrip().rstrip("/").rpartition(":")[2])
    finally:
        running.terminate()
        running.wait()


def latencies(port: int) -> list[float]:
    """Seconds from each post's answer to the event that shows it."""
    seen: list[tuple[float, int]] = []
    with closing(HTTPConnection("127.0.0.1", port)) as connection:
        connection.request("GET", "/api/v1/stream?view=products&overview=1")
        answer = connection.getresponse()

        def read() -> None:
            while line := answer.readline():
                if line.startswith(b"data: "):
                    books = json.loads(line[6:])["status"].get("books")
                    seen.append((time.monotonic(), books["counted"] if books else 0))

        reader = Thread(target=read, daemon=True)
        reader.start()
        committed = list(post(port))
        time.sleep(2)
        connection.sock.shutdown(socket.SHUT_RDWR)
        reader.join()
    waits, at = [], 0
    for moment, number in committed:
        while at < len(seen) and seen[at][1] < number:
            at += 1
        if at == len(seen):
            raise AssertionError("the tab does not show all")
        waits.append(max(seen[at][0] - moment, 0.0))
    return waits


def post(port: int) -> Iterator[tuple[float, int]]:
    """When each post was answered, and how many ratings were committed by then."""
    began, number = time.monotonic(), 0
    with closing(HTTPConnection("127.0.0.1", port)) as connection:
        while time.monotonic() < began + SECONDS:
            body = "\n".join(
                json.dumps(
                    {
                        "reviewerID": f"A{number + at}",
                        "productID": f"P{(number + at) * 7919 % PRODUCTS}",
                        "rating": 1 + at % 5,
                    }
                )
                for at in range(POST_RATINGS)
            )
            connection.request("POST", "/ratings", body)
            counted = json.loads(connection.getresponse().read())["counted"]
            number += counted
            yield time.monotonic(), number
            due = began + number / POST_RATINGS * EVERY_SECONDS
            time.sleep(max(due - time.monotonic(), 0))


if __name__ == "__main__":
    main(measure)
