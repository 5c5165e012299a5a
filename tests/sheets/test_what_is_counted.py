"""What the formulas ask for is what the engine counted, whatever came late."""

import json

import pytest

from commands import T0, starwatch
from recompute.untidy import untidy_file
from sheets.spreadsheet import cells
from starwatch.ratings.durations import moment_ms

JOBS = {
    "late for some": ["--speed", "60x", "--order", "file", "--window", "30s/5s", "--bound", "5s"],
    "corrected": [
        *("--speed", "9x", "--order", "file", "--window", "20s/4s", "--window", "1m+7s"),
        *("--bound", "2s", "--lateness", "12s", "--duplicates", "content"),
    ],
    "two files": [
        *("--every", "1s", "--start", T0, "--time", "event", "--bound", "9s"),
        *("--window", "20s/10s", "--window", "7s"),
    ],
    "by arrival": ["--rate", "7", "--start", T0, "--window", "10s/2s"],
}


@pytest.mark.parametrize("name", JOBS)
def test_counted_by_hand(tmp_path, name):
    files = [untidy_file(tmp_path / "a.csv")]
    if name == "two files":
        files.append(untidy_file(tmp_path / "b.csv", rows=400, seed=4, pause=30))
    rows, book = tmp_path / "w.jsonl", tmp_path / "check.xlsx"
    fast = ("--as-fast-as-possible", "--quiet", "--output", f"jsonl:{rows}")
    assert starwatch("replay", *files, *JOBS[name], *fast).code == 0
    done = starwatch("verify", *files, *JOBS[name], "--against", rows, "--excel", book)
    assert done.code == 0, done.err
    assert ("came too late" in done.out) == (name != "by arrival")
    found = cells(book)
    ratings = list(columns(found, "CDGLM"))
    ours = {
        (window, product, float(end)): by_hand(ratings, *map(float, (key, start, end)))
        for window, key, product, start, end in columns(found, "OPQTU")
    }
    assert ours == highest_revisions(rows)


def columns(found, letters):
    """The values in these columns, row by row."""
    row = 2
    while f"{letters[0]}{row}" in found:
        yield tuple(found[f"{letter}{row}"][1] for letter in letters)
        row += 1


def by_hand(ratings, key, start, end):
    """What COUNTIFS and SUMIFS of one window come to."""
    stars = [
        int(stars)
        for counted, whose, stars, time, since in ratings
        if (counted, float(whose)) == ("1", key) and start <= float(time) and float(since) < end
    ]
    return len(stars), sum(stars)


def highest_revisions(path):
    rows = [json.loads(line) for line in path.read_text().splitlines()]
    return {
        (row["window"], row["product"], float(moment_ms(row["end"]))): (
            row["count"],
            sum(star * number for star, number in enumerate(row["stars"], 1)),
        )
        for row in sorted(rows, key=lambda row: row["revision"])
    }
