"""`starwatch verify --excel` without a spreadsheet: what lies in the file, and what it refuses."""

import os
import re
import resource
import sys
import zipfile
from functools import partial

import pytest

from commands import T0, csv_file, run, starwatch
from durable.small_disk import small_disk
from sheets.conftest import ODD_IDS
from sheets.spreadsheet import SUMMARY, cells
from starwatch.sheets import contents


def test_ids_are_text_whatever_they_look_like(untidy):
    found = cells(untidy / "check.xlsx")
    for column in "EQ":  # of ratings and of windows
        ids = {cell: what for cell, what in found.items() if re.fullmatch(rf"{column}\d+", cell)}
        del ids[f"{column}1"]
        assert {kind for kind, _, _ in ids.values()} == {"inlineStr"}
        # `_x005F_` is how the format writes `_` where an escape would begin.
        assert {t.replace("_x005F_", "_") for _, t, _ in ids.values()} == set(ODD_IDS)


def test_only_our_own_formulas_are_formulas_and_none_has_a_result_yet(untidy):
    found = cells(untidy / "check.xlsx")
    formulas = {cell: what for cell, what in found.items() if what[2]}
    columns = {re.sub(r"\d", "", cell) for cell in formulas}
    assert columns == {"V", "W", "X", "Y", "AC", "AD"}
    assert {result for _, result, _ in formulas.values()} == {""}
    assert not any("1+1" in formula for _, _, formula in formulas.values())
    summary = [what for what in cells(untidy / "check.xlsx", SUMMARY).values() if what[2]]
    assert len(summary) == 7
    assert {result for _, result, _ in summary} == {""}


def test_products_are_told_apart_by_numbers(untidy):
    found = cells(untidy / "check.xlsx")
    keys = {
        (found[f"D{row}"][1], found[f"E{row}"][1]) for row in range(2, 500) if f"E{row}" in found
    }
    assert len(keys) == len({key for key, _ in keys}) == len(ODD_IDS)
    assert {key for key, _ in keys} == {str(n + 1) for n in range(len(ODD_IDS))}


def test_there_is_a_chart_of_live_cells(untidy):
    with zipfile.ZipFile(untidy / "check.xlsx") as book:
        chart = book.read("xl/charts/chart1.xml").decode()
    assert "<c:scatterChart>" in chart
    series = re.findall(r"<c:yVal><c:numRef><c:f>check!\$Y\$(\d+):\$Y\$(\d+)</c:f>", chart)
    assert len(series) == 5
    assert all(int(last) - int(first) > 10 for first, last in series)
    assert chart.count("<c:f>check!$Q$") == 5  # names are cells, never formulas


def test_without_windows_there_is_a_sheet_all_the_same(tmp_path):
    ratings, rows, book = (tmp_path / name for name in ("r.csv", "w.jsonl", "check.xlsx"))
    ratings.write_text("user,product,rating\n")
    rows.write_text("")
    command = ("verify", "--from", ratings, "--every", "1s", "--start", T0, "--against", rows)
    done = starwatch(*command, "--excel", book)
    assert (done.code, done.err) == (0, "")
    assert "0 ratings, 0 windows by formulas" in done.out
    with zipfile.ZipFile(book) as file:
        assert not any("chart" in name for name in file.namelist())


@pytest.mark.parametrize("mean", ["nan", "inf", "", "five"])
def test_means_that_are_none_are_no_cells(tmp_path, mean):
    ratings = csv_file(tmp_path / "r.csv", "u,p,5,1600000000", "u,p,4,1600000001")
    rows, book = tmp_path / "w.csv", tmp_path / "check.xlsx"
    options = ("--speed", "1", "--window", "1m")
    fast = ("--as-fast-as-possible", "--quiet", "--output", f"csv:{rows}")
    assert starwatch("replay", ratings, *options, *fast).code == 0
    assert "4.500000" in rows.read_text()
    rows.write_text(rows.read_text().replace("4.500000", mean))
    done = starwatch("verify", ratings, *options, "--against", rows, "--excel", book)
    assert done.code == 1
    assert "0 equal, 1 differing" in done.out
    found = cells(book)
    assert found["Z2"][1] == "2"  # ratings as written
    assert "AA2" not in found


@pytest.mark.parametrize(("most", "what"), [(200, "ratings"), (400, "windows")])
def test_more_rows_than_a_sheet_has(untidy, tmp_path, monkeypatch, most, what):
    assert contents.MOST_ROWS == 1_048_575
    monkeypatch.setattr(contents, "MOST_ROWS", most)
    book = tmp_path / "check.xlsx"
    done = starwatch("verify", "--state", untidy / "state", "--excel", book)
    assert done.code == 2
    assert re.fullmatch(
        rf"error: there are \d+ {what}, and a sheet has room for {most}\. "
        r"Replay and verify fewer ratings, with --limit, or leave --excel out\n",
        done.err,
    )
    assert done.out == ""
    assert not book.exists()


def test_the_missing_extra_is_named_with_the_command_that_installs_it(untidy, monkeypatch):
    monkeypatch.setitem(sys.modules, "xlsxwriter", None)
    done = starwatch("verify", "--state", untidy / "state", "--excel", "check.xlsx")
    assert done.code == 2
    assert "pip install 'starwatch[excel]'" in done.err
    assert done.err.count("\n") == 1


@pytest.mark.parametrize("name", ["check.xls", "nowhere/check.xlsx", "folder.xlsx"])
def test_what_cannot_be_a_workbook(untidy, tmp_path, name):
    (tmp_path / "folder.xlsx").mkdir()
    done = starwatch("verify", "--state", untidy / "state", "--excel", tmp_path / name)
    assert done.code == 2
    assert "--excel" in done.err
    assert done.err.count("\n") == 1


def test_a_workbook_that_cannot_be_written_leaves_nothing(tmp_path):
    ratings = csv_file(tmp_path / "r.csv", *(f"u,p,5,{time}" for time in range(3000)))
    rows = tmp_path / "w.csv"
    rows.write_text(
        "window,product,start,end,count,stars_1,stars_2,stars_3,stars_4,stars_5,mean,revision\n"
    )
    before = set(tmp_path.iterdir())
    command = ("verify", "--from", ratings, "--speed", "1", "--against", rows, "--excel")
    small = partial(resource.setrlimit, resource.RLIMIT_FSIZE, (20_000, 20_000))
    done = run(*command, tmp_path / "check.xlsx", preexec_fn=small)
    assert done.code == 1
    assert re.fullmatch(r"error: the workbook \S+ cannot be written: [^\n]+\n", done.err), done.err
    assert set(tmp_path.iterdir()) == before


@pytest.mark.skipif(
    sys.platform != "linux" or os.geteuid() != 0, reason="only root may mount a small disk"
)
@pytest.mark.parametrize("kilobytes", [20, 40, 60])
def test_a_full_disk_is_one_line(untidy, tmp_path, kilobytes):
    disk = tmp_path / "disk"
    with small_disk(disk, kilobytes):
        for command in (("verify", "--excel"), ("export", "--window", "1m/1m", "--out")):
            done = run(*command, disk / "check.xlsx", "--state", str(untidy / "state"))
            assert done.code == 1
            assert re.fullmatch(r"error: [^\n]+ cannot be written: [^\n]+\n", done.err), done.err
            assert list(disk.iterdir()) == []
