"""From the answer that a rating is committed to the event that shows it, at 1,000 ratings a second.

A tab of the whole overview reads in this process, the service runs in one of its own. Ratings come
as posts of ten every 10 ms, and then one by one over 16 connections. An answer means that the
ratings of its post are committed; the event whose books hold as many shows them.
"""

import json
import os
import selectors
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from http.client import HTTPConnection
from pathlib import Path
from threading import Thread

from benchmarks.measuring import Given, Result, main

PRODUCTS = 10_000
POST_RATINGS, EVERY_SECONDS, SECONDS = 10, 0.01, 20.0
RATE, CONNECTIONS = 1000, 16

Posts = Callable[[int], Iterator[tuple[float, int]]]
"""Posts to a port; when each post was answered, and how many ratings were committed by then."""


def measure(given: Given) -> list[Result]:
    del given
    os.sched_setaffinity(0, range(os.cpu_count() or 1))
    results = []
    ways: list[tuple[str, Posts]] = [("posts of ten", tens), ("single posts", singles)]
    for way, posts in ways:
        with tempfile.TemporaryDirectory() as folder, service(Path(folder)) as port:
            waits = sorted(latencies(port, posts))
        what = f"committed to the event of a tab, 1,000 ratings/s of {PRODUCTS:,} products, {way}"
        median, largest = 1000 * statistics.median(waits), 1000 * waits[-1]
        results.append(
            Result(
                f"{what}: p99",
                1000 * waits[int(0.99 * (len(waits) - 1))],
                unit="ms",
                must=500,
                aim=250,
                more=False,
                detail=f"{len(waits)} posts, median {median:.0f} ms, largest {largest:.0f} ms",
            )
        )
    return results


@contextmanager
def service(folder: Path) -> Iterator[int]:
    """A service with its page; its port."""
    program = Path(sys.executable).with_name("starwatch")
    command = [program, "run", "--source", "none", "--port", "0", "--state", folder / "s"]
    running = subprocess.Popen(
        command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True
    )
    try:
        told = running.stderr or ()
        line = next(line for line in told if "the page is at" in line)
        Thread(target=list, args=(told,), daemon=True).start()
        yield int(line.rstrip().rstrip("/").rpartition(":")[2])
    finally:
        running.terminate()
        running.wait()


def latencies(port: int, posts: Posts) -> list[float]:
    """Seconds from each post's answer to the event that shows it."""
    seen: list[tuple[float, int]] = []
    with closing(HTTPConnection("127.0.0.1", port)) as connection:
        connection.request("GET", "/api/v1/stream?view=products&overview=1")
        answer = connection.getresponse()

        def read() -> None:
            while line := answer.readline():
                if line.startswith(b"data: "):
                    came = time.monotonic()
                    books = json.loads(line[6:])["status"].get("books")
                    seen.append((came, books["counted"] if books else 0))

        reader = Thread(target=read, daemon=True)
        reader.start()
        committed = list(posts(port))
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


def tens(port: int) -> Iterator[tuple[float, int]]:
    """Posts of ten, one behind the other."""
    began, number = time.monotonic(), 0
    with closing(HTTPConnection("127.0.0.1", port)) as connection:
        while time.monotonic() < began + SECONDS:
            body = "\n".join(rating(number + at) for at in range(POST_RATINGS))
            connection.request("POST", "/ratings", body)
            number += json.loads(connection.getresponse().read())["counted"]
            yield time.monotonic(), number
            due = began + number / POST_RATINGS * EVERY_SECONDS
            time.sleep(max(due - time.monotonic(), 0))


def singles(port: int) -> Iterator[tuple[float, int]]:
    """Single ratings, each as soon as it is due and a connection is free."""
    chosen, free = selectors.DefaultSelector(), []
    for _ in range(CONNECTIONS):
        free.append(socket.create_connection(("127.0.0.1", port)))
        free[-1].setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        chosen.register(free[-1], selectors.EVENT_READ)
    began, sent, done = time.monotonic(), 0, 0
    while (past := time.monotonic() - began) < SECONDS or done < sent:
        while free and past < SECONDS and sent < past * RATE:
            body = rating(sent).encode()
            head = (
                f"POST /ratings HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: {len(body)}\r\n\r\n"
            )
            free.pop().sendall(head.encode() + body)
            sent += 1
        for key, _ in chosen.select(1 / RATE):
            if b'"counted":1' in key.fileobj.recv(1 << 16):  # type: ignore[union-attr]
                free.append(key.fileobj)  # type: ignore[arg-type]
                done += 1
                yield time.monotonic(), done
    for client in free:
        client.close()


def rating(number: int) -> str:
    """One rating as JSON."""
    product = f"P{number * 7919 % PRODUCTS}"
    return json.dumps({"reviewerID": f"A{number}", "productID": product, "rating": 1 + number % 5})


if __name__ == "__main__":
    main(measure)
