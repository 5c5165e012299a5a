"""The service is killed and started again under an open page."""

import contextlib
import json
import threading
import urllib.request

import pytest

from browser.tab import tab as tab_of
from commands import process
from live.service import until
from servers.ports import HOST, free_port


class Poster:
    """Posts a rating every tenth of a second to whoever listens; counts what was taken."""

    def __init__(self, port):
        self.taken, self._port, self._ending = 0, port, threading.Event()
        self._thread = threading.Thread(target=self._run)

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *_):
        self.end()

    def end(self):
        self._ending.set()
        self._thread.join()

    def _run(self):
        number = 0
        while not self._ending.wait(0.1):
            number += 1
            one = {"reviewerID": f"A{number}", "productID": "P1", "rating": 1 + number % 5}
            asked = urllib.request.Request(
                f"http://{HOST}:{self._port}/ratings",
                json.dumps(one).encode(),
                {"Content-Type": "application/json"},
            )
            with contextlib.suppress(OSError), urllib.request.urlopen(asked, timeout=5) as answer:
                self.taken += json.load(answer)["counted"]


def lines(tab):
    return tab.page.evaluate(
        """() => [...document.querySelectorAll("#points tbody tr")].reverse()
             .map((row) => [...row.cells].map((cell) => cell.textContent))"""
    )


@pytest.mark.slow
def test_the_page_reconnects_and_its_series_has_no_gap_and_no_point_twice(tmp_path, browser):
    port = free_port()
    line = ("run", "--state", tmp_path / "s", "--source", "none", "--port", port, "--quiet")
    line = (*line, "--window", "1s/500ms")
    more = "(n) => document.querySelectorAll('#points tbody tr').length >= n"
    with (
        Poster(port) as poster,
        process(*line) as first,
        tab_of(browser, f"http://{HOST}:{port}") as tab,
    ):
        tab.excuse("ERR_", "EventSource", "aborted")
        until(lambda: poster.taken > 3)
        tab.open("/product?id=P1").live()
        tab.page.click("#points summary")
        tab.until(more, 6)
        first.kill()
        first.wait()
        tab.page.wait_for_selector("#connection[data-state=lost]")
        before, taken = len(lines(tab)), poster.taken
        with process(*line):
            until(lambda: poster.taken > taken + 20)
            tab.page.wait_for_selector("#connection[data-state=live]")
            tab.until(more, before + 6)
            poster.end()
            check(tab)


def check(tab):
    """The table has what the API answers to a new reader: nothing lost, nothing twice."""
    tab.until(
        """async () => {
          const { points } = await (await fetch("api/v1/series?id=P1&last=1h")).json();
          return points.end_ms.length === document.querySelectorAll("#points tbody tr").length; }"""
    )
    points = tab.api("/api/v1/series?id=P1&last=1h")["points"]
    shown = lines(tab)
    assert len({row[0] for row in shown}) >= len(shown) // 2  # two windows end within one second
    counts = [f"{count:,}" for count in points["count"]]
    stars = [" · ".join(map(str, each)) for each in zip(*points["stars"], strict=True)]
    assert [(row[3], row[4]) for row in shown] == list(zip(counts, stars, strict=True))
    assert len(set(points["end_ms"])) == len(points["end_ms"])
