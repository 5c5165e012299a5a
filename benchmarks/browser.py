"""What the page costs a reader: first paint, changing cells, waiting, and a tab left open.

    .venv/bin/python -m benchmarks.browser --minutes 10

In Debian's Chromium without a window. It is no part of `make bench`, whose scripts stay on one
core: the service and the browser take what they need, and other work on the machine counts, but
for the share of the main thread. Exits with 1 where a figure misses what it must be.
"""

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.client import HTTPConnection
from pathlib import Path

from playwright.sync_api import Browser, CDPSession, Page

from benchmarks.many_products import made
from benchmarks.measuring import HEAD, Result
from benchmarks.soak import connected
from servers.chromium import chromium
from servers.ports import HOST, free_port

LOADS, CELL_SECONDS, POSTS, HEAP_SECONDS = 15, 20, 100, 30
PRODUCTS, SHOWN = 100_000, 60
A_CHANGE = 0.1  # seconds between two posts of all products
KINDS = ("paint", "waiting", "cells", "heap")
LAYOUTS = "LayoutCount"
WORK = ("TaskDuration", "ScriptDuration", "LayoutDuration", "RecalcStyleDuration")
TALL = {"width": 1600, "height": 3600}
LIVE = "#connection:is([data-state=live], [data-state=finished])"
STAMP = """() => { window.stamps = {};
  const root = document.querySelector(".rows");
  new MutationObserver(() => {
    const text = root.querySelector(".c-all .sub").textContent;
    requestAnimationFrame(() => { window.stamps[text] ??= Date.now(); });
  }).observe(root, {subtree: true, childList: true, characterData: true}); }"""
CELLS = """() => { window.cells = new Set();
  new MutationObserver((changes) => { for (const { target } of changes) {
      const cell = (target.closest ? target : target.parentElement)?.closest("[role=gridcell]");
      if (cell) window.cells.add(cell); } })
    .observe(document.querySelector(".rows"),
      {subtree: true, childList: true, characterData: true, attributes: true}); }"""


def main() -> None:
    options = argparse.ArgumentParser(description="the page in a browser")
    options.add_argument("--only", nargs="+", choices=KINDS, default=KINDS)
    options.add_argument("--minutes", type=float, default=10, help="how long a tab is left open")
    given = options.parse_args()
    results: list[Result] = []
    with tempfile.TemporaryDirectory() as folder, chromium("--js-flags=--expose-gc") as browser:
        print(HEAD, flush=True)
        measures = dict(zip(KINDS, (first_paint, waiting, cells), strict=False))
        for name in given.only:
            if name in measures:
                results += told(measures[name](Path(folder), browser))
            else:
                results += told(left_open(Path(folder), browser, given.minutes))
    sys.exit(any("missed" in result.verdict() for result in results))


def told(results: list[Result]) -> list[Result]:
    for result in results:
        print(result.line(), flush=True)
    return results


def first_paint(folder: Path, browser: Browser) -> list[Result]:
    """From the click to the first picture, which has the numbers: they are in the HTML."""
    state, taken = made(folder, PRODUCTS), []
    command = [sys.executable, "-m", "starwatch", "serve", "--state", str(state), "--port", "0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as service:
        url = service.stdout.readline().split()[-1] if service.stdout else ""
        for _ in range(LOADS):
            page = browser.new_page()
            page.goto(url)
            page.wait_for_selector(LIVE)
            paints = """() => performance.getEntriesByName("first-contentful-paint")[0].startTime"""
            taken.append(page.evaluate(paints))
            page.close()
        service.terminate()
    middle, worst = statistics.median(taken[1:]) / 1000, max(taken[1:]) / 1000
    what = f"first paint with numbers, {PRODUCTS:,} active products"
    detail = f"slowest of {LOADS - 1}: {worst:.2f} s; every load in a new profile"
    return [Result(what, middle, "s", must=0.5, aim=0.2, more=False, detail=detail)]


def waiting(folder: Path, browser: Browser) -> list[Result]:
    """From the answer to a post, which is after its commit, to the frame that shows it."""
    with running(folder / "waiting", "1s/500ms") as port:
        post = poster(port)
        post(["P1"])
        with opened(browser, port) as page:
            page.evaluate(STAMP)
            answered = {}
            for number in range(2, POSTS + 2):
                post(["P1"])
                text = f"{number} ratings"
                answered[text] = time.time() * 1000
                page.wait_for_function("(text) => text in window.stamps", arg=text)
            stamps = page.evaluate("() => window.stamps")
    waits = sorted(stamps[text] - at for text, at in answered.items())
    detail = (
        f"median {statistics.median(waits):.0f} ms, largest {waits[-1]:.0f} ms, {POSTS} ratings"
    )
    what = "committed to painted, p99"
    return [Result(what, waits[-2], "ms", must=500, aim=250, more=False, detail=detail)]


def cells(folder: Path, browser: Browser) -> list[Result]:
    """The share of a second that the page's main thread works."""
    products = [f"P{number:03d}" for number in range(SHOWN)]
    with (
        running(folder / "cells", "1s/200ms") as port,
        posting(port, products),
        opened(browser, port, TALL) as page,
    ):
        session = page.context.new_cdp_session(page)
        # time on a processor: other work on the machine does not count
        session.send("Performance.enable", {"timeDomain": "threadTicks"})
        page.wait_for_timeout(3000)
        before = counted(session)
        page.wait_for_timeout(1000 * CELL_SECONDS)
        after = counted(session)
        page.evaluate(CELLS)  # afterwards, so that it costs nothing meanwhile
        page.wait_for_timeout(1000)
        changing = page.evaluate("() => window.cells.size")
    shares = {name: 100 * (after[name] - before[name]) / CELL_SECONDS for name in WORK}
    what = f"main thread, {changing} visible cells changing 5 times a second"
    detail = ", ".join(f"{name.removesuffix('Duration')} {shares[name]:.1f} %" for name in WORK[1:])
    drawn = (after[LAYOUTS] - before[LAYOUTS]) / CELL_SECONDS  # 5, unless frames were left out
    detail += f"; {drawn:.1f} layouts a second"
    return [Result(what, shares["TaskDuration"], "%", must=10, aim=4, more=False, detail=detail)]


def left_open(folder: Path, browser: Browser, minutes: float) -> list[Result]:
    """The heap of a tab after garbage is collected, each half minute from the first one on."""
    products = [f"P{number:03d}" for number in range(SHOWN)]
    sizes = []
    with (
        running(folder / "open", "5s/1s") as port,
        posting(port, products),
        opened(browser, port) as page,
    ):
        session = page.context.new_cdp_session(page)
        end = time.monotonic() + 60 * minutes
        while time.monotonic() < end:
            page.wait_for_timeout(1000 * HEAP_SECONDS)
            session.send("HeapProfiler.collectGarbage")
            sizes.append(session.send("Runtime.getHeapUsage")["usedSize"] / 1e6)
    half = len(sizes) // 2
    growth = statistics.median(sizes[half:]) - statistics.median(sizes[:half])
    what = f"heap of a tab left open {minutes:g} min: second half against first"
    detail = f"{', '.join(f'{size:.2f}' for size in sizes)} MB"
    return [Result(what, growth, "MB", must=0.5, aim=0.1, more=False, detail=detail)]


def counted(session: CDPSession) -> dict[str, float]:
    """Seconds of work so far by kind."""
    metrics = session.send("Performance.getMetrics")["metrics"]
    return {each["name"]: each["value"] for each in metrics}


@contextmanager
def running(state: Path, window: str) -> Iterator[int]:
    """A service without ratings; its port."""
    port = free_port()
    command = [sys.executable, "-m", "starwatch", "run", "--source", "none", "--quiet"]
    command += ["--state", str(state), "--port", str(port), "--window", window]
    with subprocess.Popen(command) as service:
        connected(port).close()
        yield port
        service.terminate()
        service.wait(30)


@contextmanager
def opened(browser: Browser, port: int, size: dict[str, int] | None = None) -> Iterator[Page]:
    """The overview, live."""
    page = browser.new_page(viewport=size or {"width": 1280, "height": 900})
    page.goto(f"http://{HOST}:{port}/")
    page.wait_for_selector(LIVE)
    page.wait_for_selector(".row:not([hidden])")
    yield page
    page.close()


def poster(port: int) -> Callable[[list[str]], None]:
    """A function that posts a rating of each of some products, and is back when it is committed."""
    connection, number = HTTPConnection(HOST, port, timeout=30), 0

    def post(products: list[str]) -> None:
        nonlocal number
        number += 1
        lines = [
            json.dumps(
                {"reviewerID": f"A{number}", "productID": id_, "rating": 1 + (at + number) % 5}
            )
            for at, id_ in enumerate(products)
        ]
        connection.request("POST", "/ratings", "\n".join(lines), {"Content-Type": "text/plain"})
        answer = json.load(connection.getresponse())
        if answer.get("counted") != len(products):
            sys.exit(f"refused: {answer}")

    return post


@contextmanager
def posting(port: int, products: list[str]) -> Iterator[None]:
    """All products are rated again and again, by a thread of its own."""
    ending, post = threading.Event(), poster(port)

    def run() -> None:
        while not ending.wait(A_CHANGE):
            post(products)

    thread = threading.Thread(target=run)
    thread.start()
    try:
        yield
    finally:
        ending.set()
        thread.join()


if __name__ == "__main__":
    main()
