"""A real spreadsheet counts every window as Starwatch does, and says so where it does not."""

import json
from decimal import Decimal

import pytest

from commands import T0, T0_MS, csv_file, starwatch
from sheets.conftest import ODD_IDS
from sheets.spreadsheet import cells, changed
from starwatch.ratings.durations import moment_ms
from starwatch.sheets import workbook

pytestmark = pytest.mark.slow


def written(path):
    """Count and mean of the highest revision of each window in a file of rows."""
    rows = [json.loads(line, parse_float=Decimal) for line in path.read_text().splitlines()]
    return {
        (row["window"], row["product"], moment_ms(row["end"])): (row["count"], Decimal(row["mean"]))
        for row in sorted(rows, key=lambda row: row["revision"])
    }


def assert_all_agree(sheet, rows):
    assert sheet.means() == rows
    assert all(count > 0 and mean > 0 for count, mean in rows.values())
    assert sheet.differences == [(0, 0)] * len(rows)
    assert sheet.summary["windows that differ"] == "0"
    assert sheet.summary["sum of absolute differences of means"] == "0"


def differing(sheet):
    """Product and end of each window whose formulas say otherwise."""
    return [
        (row["product"], int(row["end, ms"]))
        for row, pair in zip(sheet.windows, sheet.differences, strict=True)
        if pair != (0, 0)
    ]


def rating_row(sheet, **like):
    """The row of the first rating whose columns are so, as a spreadsheet counts."""
    return 2 + next(
        at
        for at, rating in enumerate(sheet.ratings)
        if all(rating[name.replace("_", " ")] == value for name, value in like.items())
    )


def test_the_first_252_rows(shared_data, tmp_path, recalculated):
    ratings, rows = shared_data / "movies_and_tv_first_252.csv", tmp_path / "w.jsonl"
    options = ("--every", "1s", "--start", "2021-06-01T00:00:03Z")
    fast = ("--as-fast-as-possible", "--quiet", "--output", f"jsonl:{rows}")
    assert starwatch("replay", ratings, *options, *fast).code == 0
    book = tmp_path / "check.xlsx"
    done = starwatch("verify", "--from", ratings, *options, "--against", rows, "--excel", book)
    assert (done.code, done.err) == (0, "")
    assert f"{book}: 252 ratings, 143 windows by formulas\n" in done.out
    sheet = recalculated(book)
    assert len(sheet.ratings) == 252
    assert len(sheet.windows) == 143
    assert_all_agree(sheet, written(rows))
    # Stars of the first rating: every window of its product is another one, and no other.
    worse = recalculated(changed(book, tmp_path / "worse.xlsx", {"G2": 1}))
    assert sheet.ratings[0]["stars"] == "5"
    assert {product for product, _ in differing(worse)} == {"0000143502"}
    assert len(differing(worse)) == 6
    assert Decimal(worse.summary["sum of absolute differences of means"]) == 6 * 4


@pytest.mark.parametrize("whole", [0, 1 << 60], ids=["by product", "whole columns"])
def test_an_untidy_stream(untidy, tmp_path, monkeypatch, recalculated, whole):
    monkeypatch.setattr(workbook, "WHOLE", whole)
    book = tmp_path / "check.xlsx"
    assert starwatch("verify", "--state", untidy / "state", "--excel", book).code == 0
    assert any("COUNTIFS(rating_key" in f for *_, f in cells(book).values()) == bool(whole)
    sheet = recalculated(book)
    assert_all_agree(sheet, written(untidy / "w.jsonl"))
    assert any(row["revision"] == "2" for row in sheet.windows)
    assert {row["product"] for row in sheet.ratings} == set(ODD_IDS)
    for name in ("counted", "duplicate", "late"):
        assert int(sheet.summary[name]) == len([1 for r in sheet.ratings if r["class"] == name])
        assert int(sheet.summary[name]) > 0
    assert sheet.summary["refused before they were ratings"] == "6"
    assert {row["counted"] for row in sheet.ratings if row["class"] != "counted"} == {"0"}


def test_what_was_not_counted_makes_a_difference_if_it_is(untidy, tmp_path, recalculated):
    """So does a window that a rating came too late for, though it is counted in others."""
    book = untidy / "check.xlsx"
    sheet = recalculated(book)
    duplicate = rating_row(sheet, **{"class": "duplicate"})
    late_for_some = 2 + next(
        at
        for at, rating in enumerate(sheet.ratings)
        if rating["class"] == "counted"
        and int(rating["enters windows that end after, ms"]) > int(rating["window time, ms"]) + 5000
    )
    rating = sheet.ratings[late_for_some - 2]
    for cell, value, product in (
        (f"C{duplicate}", 1, sheet.ratings[duplicate - 2]["product"]),
        (f"M{late_for_some}", rating["window time, ms"], rating["product"]),
    ):
        other = recalculated(changed(book, tmp_path / f"{cell}.xlsx", {cell: value}))
        assert {each for each, _ in differing(other)} == {product}


def test_means_between_two_digits_go_to_the_even_one(tmp_path, recalculated):
    """1 + 1/128 is 1.0078125, and 1 + 3/128 is 1.0234375; half stars are as exact."""
    many = [("A", "1", 127), ("A", "2", 1), ("B", "1", 125), ("B", "2", 3), ("C", "4.5", 3)]
    lines = [f"u,{product},{stars}" for product, stars, n in many for _ in range(n)]
    ratings = csv_file(tmp_path / "r.csv", "user,product,rating", *lines)
    rows, book = tmp_path / "w.jsonl", tmp_path / "check.xlsx"
    options = ("--every", "1ms", "--start", T0, "--window", "1m", "--scale", "0.5..5/0.5")
    fast = ("--as-fast-as-possible", "--quiet", "--output", f"jsonl:{rows}")
    assert starwatch("replay", ratings, *options, *fast).code == 0
    done = starwatch("verify", "--from", ratings, *options, "--against", rows, "--excel", book)
    assert done.code == 0, done.err
    sheet = recalculated(book)
    assert_all_agree(sheet, written(rows))
    end = T0_MS + 60_000
    assert sheet.means() == {
        ("1m/1m", "A", end): (128, Decimal("1.007812")),
        ("1m/1m", "B", end): (128, Decimal("1.023438")),
        ("1m/1m", "C", end): (3, Decimal("4.5")),
    }


def test_rows_that_are_wrong_missing_or_made_up_differ(untidy, tmp_path, recalculated):
    lines = (untidy / "w.jsonl").read_text().splitlines()
    rows = [json.loads(line) for line in lines]
    single = [
        at
        for at, row in enumerate(rows)
        if len([1 for o in rows if (o["product"], o["end"]) == (row["product"], row["end"])]) == 1
    ]
    wrong, gone, moved = single[:3]
    mean = f'"mean":{lines[wrong].split("mean")[1].split(",")[0][2:]}'
    lines[wrong] = lines[wrong].replace(mean, '"mean":1.500001')
    lines[moved] = lines[moved].replace(f'"product":"{rows[moved]["product"]}"', '"product":"NEW"')
    target, book = tmp_path / "w.jsonl", tmp_path / "check.xlsx"
    target.write_text("".join(f"{line}\n" for at, line in enumerate(lines) if at != gone))
    done = starwatch("verify", "--state", untidy / "state", "--against", target, "--excel", book)
    assert done.code == 1
    sheet = recalculated(book)
    at = [(rows[i]["product"], moment_ms(rows[i]["end"])) for i in (wrong, gone, moved)]
    assert set(differing(sheet)) == {*at, ("NEW", at[2][1])}
    assert sheet.summary["windows that differ"] == "4"
