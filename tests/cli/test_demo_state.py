"""A demo on a state: killed and started again, its charts have no hole, and its shop goes on."""

import json
import signal
import sys
import time
from urllib.parse import urlencode
from urllib.request import urlopen

import numpy as np
import pytest

from commands import process, replay, soon, starwatch
from starwatch.generator.options import ShopOptions
from starwatch.generator.shop import Shop

PANE_MS = 5000
STRAGGLE_MS = 125_000


class Demo:
    """A running demo, and its API."""

    def __init__(self, child):
        self.child = child
        self.url = child.stdout.readline().split()[4]

    def api(self, name, **parameters):
        with urlopen(f"{self.url}api/v1/{name}?{urlencode(parameters)}", timeout=20) as answer:
            return json.load(answer)

    def kill(self):
        self.child.kill()
        self.child.wait()

    def is_live(self):
        status = self.api("status")
        mark = status["watermark_ms"]
        return mark is not None and mark > time.time() * 1000 - 4000 and status


def demo(state, *more):
    return process("demo", "--port", "0", "--state", state, "--past", "6m", *more)


def panes(shop, product, until_ms, *, stragglers):
    """Star histograms of a product by the end of their pane, as the generator has them.

    Without stragglers as they were when they closed; with them, which may take two minutes, as
    they are now.
    """
    found, seen = {}, set()
    for step in shop.live():
        if step.until_ms > until_ms + STRAGGLE_MS:
            return found
        rows = step.rows
        sound = (rows.product == product) & (rows.flaw == 0)
        if not stragglers:
            sound &= rows.arrival_ms - rows.event_ms <= shop.options.disorder_ms
        for at in np.flatnonzero(sound):
            number, end = int(rows.number[at]), int(rows.event_ms[at]) // PANE_MS * PANE_MS
            if number not in seen and end + PANE_MS <= until_ms:
                seen.add(number)
                found.setdefault(end + PANE_MS, [0] * 5)[rows.stars[at]] += 1
    raise AssertionError("a shop without a span has no end")


def shown(series):
    """The same of an answer; no window twice."""
    points = series["points"]
    assert series["step_ms"] == PANE_MS
    stars = zip(*points["stars"], strict=True)
    found = dict(zip(points["end_ms"], map(list, stars), strict=True))
    assert len(found) == len(points["end_ms"])
    return found


@pytest.mark.skipif(sys.platform == "win32", reason="SIGKILL is of POSIX")
def test_killed_and_started_again_its_charts_have_no_hole(tmp_path):
    state = tmp_path / "s"
    with demo(state) as child:
        running = Demo(child)
        soon(lambda: running.api("status")["books"]["received"], seconds=30)
        running.kill()  # while the past comes in
    with demo(state) as child:
        running = Demo(child)
        soon(running.is_live, seconds=30)
        opened = running.api("status")["first_ms"]
        running.kill()
        assert child.returncode == -signal.SIGKILL
    killed_ms = time.time() * 1000
    time.sleep(6)  # a pane and more passes that nobody watches
    with demo(state) as child:
        running = Demo(child)
        soon(
            lambda: (running.is_live() or {}).get("watermark_ms", 0) > killed_ms + 6000, seconds=30
        )
        top = running.api("products", sort="-all_count", limit=1)["rows"]
        until = running.api("status")["watermark_ms"] // PANE_MS * PANE_MS
        asked = {"id": top["id"][0], "window": "5s", "from_ms": 0, "to_ms": until}
        emitted = shown(running.api("series", **asked, values="emitted"))
        complete = shown(running.api("series", **asked))
        status = running.api("status")
    assert top["name"][0] not in ("", top["id"][0])
    assert status["books"]["balanced"]

    opened = opened // PANE_MS * PANE_MS
    options = ShopOptions(
        products=200,
        rate=20.0,
        seed=1,
        start_ms=opened,
        disorder_ms=2000,
        duplicates=0.01,
        malformed=0.005,
        stragglers=0.002,
        incident_every_ms=90_000,
    )
    shop = Shop(options)
    assert shop.catalogue().ids[0].as_py() == top["id"][0]
    assert emitted == panes(shop, 0, until, stragglers=False)
    old = until - STRAGGLE_MS
    expected = panes(shop, 0, old, stragglers=True)
    assert {end: stars for end, stars in complete.items() if end <= old} == expected
    assert min(emitted) < opened + 60_000
    assert any(killed_ms < end <= killed_ms + 6000 for end in emitted)  # while it was dead


def test_the_shop_of_a_state_goes_on_and_another_one_is_refused(tmp_path):
    state = tmp_path / "s"
    call = ("demo", "--no-http", "--state", state, "--for", "1s")
    assert starwatch(*call, "--past", "2m", "--rate", "30").code == 0
    done = starwatch(*call)  # what is not said is as it was
    assert done.code == 0, done.err
    for options, told in [
        (("--rate", "20"), "--rate 30, not 20"),
        (("--past", "1h"), "--past 2m, not 1h"),
        (("--seed", "2"), "--seed 1, not 2"),
    ]:
        done = starwatch(*call, *options)
        assert done.code == 1
        assert f"the shop in {state} was opened with {told}. Leave the option out" in done.err
    assert "another job" in starwatch(*call, "--bound", "9s").err
    assert starwatch(*call, "--rate", "20", "--again").code == 0
    assert starwatch("verify", "--state", state).code == 0


def test_the_state_of_something_else_is_left_alone(tmp_path):
    file = tmp_path / "f.csv"
    file.write_text("u,p,5,1600000000\n")
    replay(file, "--state", tmp_path / "s")
    done = starwatch("demo", "--no-http", "--state", tmp_path / "s")
    assert done.code == 1
    assert done.err.startswith("error: ")
    assert "is not that of a demo" in done.err
