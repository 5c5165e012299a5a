"""The documented lines that read panes, run while a real replay writes them."""

import json
import re
from collections import Counter
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path

import duckdb
import pandas as pd

from commands import csv_file, process, soon, starwatch
from durable.runs import FREQUENT

PAGE = Path(__file__).parents[2] / "docs" / "history.md"
FIRST = 1_600_000_000


def block(language):
    """The only block of a language on the page."""
    text = PAGE.read_text(encoding="utf-8")
    (found,) = re.findall(rf"^```{language}\n(.*?)^```$", text, re.DOTALL | re.MULTILINE)
    return found


def in_duckdb():
    """How many ratings each product has in each minute, and the mean that the line gives them."""
    rows = duckdb.connect().execute(block("sql")).fetchall()
    assert [row[:2] for row in rows] == sorted(row[:2] for row in rows)
    return {(product, minute): (int(ratings), mean) for product, minute, ratings, mean in rows}


def in_pandas():
    """How many ratings of each star each product has."""
    names = {"pandas": pd}
    exec(block("python"), names)  # noqa: S102 - the lines of our own page
    return {
        (product, star): int(count)
        for star, column in enumerate(names["histograms"].items(), start=1)
        for product, count in column[1].items()
        if count
    }


def received():
    done = starwatch("state", "info", "--state", "s", "--json")
    return json.loads(done.out)["ratings"]["received"]


def assert_grows(before, after):
    assert before.keys() <= after.keys()
    assert all(after[key] >= before[key] for key in before)


def test_the_lines_read_panes_while_a_run_writes_them(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    ratings = [(f"p{row % 7}", row % 5 + 1, FIRST + row - row % 3) for row in range(900)]
    file = csv_file(Path("f.csv"), *(f"u,{product},{star},{at}" for product, star, at in ratings))
    pace = ("--speed", "200x", "--order", "file", "--quiet", "--state", "s", *FREQUENT)
    steps = []
    with process("replay", file, *pace) as child:
        soon(lambda: list(Path("s").glob("history/tier=1m/*.parquet")))
        while child.poll() is None:
            counts = {key: number for key, (number, _) in in_duckdb().items()}
            stars = in_pandas()
            steps.append((counts, stars))
            assert sum(counts.values()) <= sum(stars.values()) <= received()
    assert child.returncode == 0, child.stderr.read()
    minutes = Counter((product, minute_of(at)) for product, _, at in ratings)
    stars = Counter((product, star) for product, star, _ in ratings)
    steps.append((minutes, stars))
    for before, after in pairwise(steps):
        for earlier, later in zip(before, after, strict=True):
            assert_grows(earlier, later)
    assert len({sum(counts.values()) for counts, _ in steps}) > 3
    sums = Counter()
    for product, star, at in ratings:
        sums[product, minute_of(at)] += star
    assert in_duckdb() == {key: (n, sums[key] / n) for key, n in minutes.items()}
    assert in_pandas() == stars


def minute_of(seconds):
    return datetime.fromtimestamp(seconds // 60 * 60, UTC).replace(tzinfo=None)
