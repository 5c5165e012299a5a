"""Real ratings through the engine, and then through `verify`: every row agrees to the digit."""

import re
from itertools import product

import pytest

from commands import T0, replay, starwatch

FILES = {
    "252 rows": (
        "movies_and_tv_first_252.csv",
        ["--every", "1s", "--start", "2021-06-01T00:00:03Z"],
        140,
    ),
    "252 rows, several windows": (
        "movies_and_tv_first_252.csv",
        ["--rate", "3", "--start", T0, "--window", "30s/5s", "--window", "1m", "--window", "7s+2s"],
        150,
    ),
    "electronics": (
        "amazon_electronics_first_20k.csv",
        ["--every", "10ms", "--start", T0],
        5_000,
    ),
    "electronics as it lies": (
        "amazon_electronics_first_20k.csv",
        [
            *("--speed", "1", "--order", "file", "--window", "30d/10d", "--bound", "365d"),
            *("--lateness", "365d", "--duplicates", "content"),
        ],
        15_000,
    ),
    "movielens": (
        "movielens_small_ratings.csv",
        ["--speed", "1", "--window", "30d/1d", "--scale", "0.5..5/0.5"],
        500_000,
    ),
}


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        *product(sorted(FILES.keys() - {"movielens"}), ["jsonl", "csv"]),
        *product(FILES, ["parquet"]),
    ],
)
def test_verify_agrees(shared_data, tmp_path, name, kind):
    file, options, least = FILES[name]
    rows = tmp_path / f"rows.{kind}"
    played = starwatch(
        "replay", shared_data / file, "--as-fast-as-possible", "--quiet",
        "--output", f"{kind}:{rows}", *options,
    )  # fmt: skip
    assert played.code == 0, played.err
    done = starwatch("verify", "--from", shared_data / file, "--against", rows, *options)
    assert (done.code, done.err) == (0, "")
    equal, *others = map(
        int, re.findall(r"([\d,]+) (?:equal|differing|missing|extra)", done.out.replace(",", ""))
    )
    assert others == [0, 0, 0]
    assert equal >= least


def test_two_files_side_by_side(shared_data, tmp_path):
    rows = tmp_path / "rows.jsonl"
    files = [shared_data / "movies_and_tv_first_252.csv"] * 2
    options = ["--every", "700ms", "--limit", "377", "--time", "event", "--window", "90d/30d"]
    replay(*files, *options, "--output", f"jsonl:{rows}")
    done = starwatch("verify", *files, *options, "--start", T0, "--against", rows)
    assert (done.code, done.err) == (0, "")
    assert "0 differing, 0 missing, 0 extra" in done.out
