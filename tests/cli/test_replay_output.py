"""What a replay says where: rows, the kept files, the summary, the pace."""

import json
import re
import time

import pytest

from commands import (
    T0_MS,
    csv_file,
    interrupted,
    offset,
    process,
    replay,
    run,
    soon,
    starwatch,
)

BROKEN = "u,a,5,1600000000", "what is this", "u,b,4,soon", '"u,a', "-", "u,c,6,1600000000"


@pytest.fixture
def untidy(tmp_path):
    return csv_file(tmp_path / "untidy.csv", *BROKEN)


def test_standard_output_holds_rows_and_nothing_else(untidy):
    done = run("replay", untidy, "--every", "1ms", "--output", "jsonl")
    assert done.code == 0
    rows = done.rows
    assert [row["product"] for row in rows] == ["a"] * 6
    assert " ".join(rows[0]) == "window product start end count stars mean revision"
    assert done.err.startswith("received ")
    assert done.err.endswith("both books balance\n")


def test_rows_in_files_leave_standard_output_empty(untidy, tmp_path):
    done = run("replay", untidy, "--every", "1ms", "--output", f"csv:{tmp_path / 'w.csv'}")
    assert (done.code, done.out) == (0, "")
    assert "both books balance" in done.err


def test_quiet_is_silent(untidy):
    done = starwatch("replay", untidy, "--every", "1ms", "--quiet")
    assert (done.code, done.out, done.err) == (0, "", "")


def test_without_an_output_the_closed_windows_are_lines_for_people(untidy):
    done = replay(untidy, "--every", "1s", "--window", "10s")
    assert done.out == "00:00:10 10s/10s a 5.00 (1) ▁▁▁▁█\n"


def test_the_summary_holds_both_books(tmp_path):
    lines = [f"u,p,5,{1_600_000_000 + time}" for time in (0, 20, 4, 26, 14)]
    path = csv_file(tmp_path / "f.csv", *lines, "no rating", "u,p,9,1600000000")
    window = ("--window", "10s/5s", "--window", "10s", "--bound", "0s")
    done = replay(path, "--order", "file", *window)
    summary = re.sub(r"in [^,]*, .* a second", "in no time", done.err)
    assert summary == (
        "received 7 ratings in no time\n"
        "  = 3 counted\n"
        "  + 0 duplicate\n"
        "  + 2 late\n"
        "  + 2 rejected: 1 off_scale, 1 unreadable\n"
        "  + 0 pending\n"
        "7 window rows, 1 product\n"
        "  10s/5s: 6 contributions = 6 in closed windows + 0 in open ones + 0 missed\n"
        "  10s/10s: 3 contributions = 3 in closed windows + 0 in open ones + 0 missed\n"
        "both books balance\n"
    )


def test_a_partly_late_rating_is_counted_and_its_gone_windows_are_missed(tmp_path):
    path = csv_file(tmp_path / "f.csv", "u,p,5,1600000010", "u,p,5,1600000009")
    done = replay(path, "--order", "file", "--window", "10s/5s", "--bound", "0s")
    assert "  = 2 counted" in done.err
    assert "10s/5s: 4 contributions = 3 in closed windows + 0 in open ones + 1 missed" in done.err


def test_duplicates_are_told_only_where_asked(tmp_path):
    path = csv_file(tmp_path / "f.csv", *["u,p,5,1600000000"] * 3, ",p,5,1600000000")
    assert "4 counted" in replay(path).err
    assert "2 duplicate" in replay(path, "--duplicates", "content").err
    header = "user,product,rating,timestamp,id"
    path = csv_file(tmp_path / "g.csv", header, "u,p,5,1,x", "u,p,4,2,x", "u,p,5,1,y")
    assert "1 duplicate" in replay(path, "--duplicates", "ids").err


def test_an_empty_file_is_no_error_and_is_said(tmp_path):
    done = replay(csv_file(tmp_path / "f.csv"))
    assert done.out == ""
    assert "received 0 ratings" in done.err


def test_rejects_are_kept_as_they_came(untidy, tmp_path):
    kept = tmp_path / "rejects.jsonl"
    untidy.write_bytes(untidy.read_bytes() + b"u,\xff\xfe,5,1600000000\n" + b"x" * 5000 + b"\n")
    replay(untidy, "--every", "1s", "--rejects", kept)
    lines = [json.loads(line) for line in kept.read_text().splitlines()]
    assert {line["file"] for line in lines} == {str(untidy)}
    by_row = {line["row"]: line for line in lines}
    assert by_row[1]["raw"] == "what is this"
    assert (by_row[2]["raw"], by_row[2]["reason"]) == ("u,b,4,soon", "bad_time")
    assert all(set(line) - {"raw", "raw_base64"} == {"file", "row", "reason"} for line in lines)
    odd = next(line for line in lines if "raw_base64" in line)
    assert (odd["raw_base64"], odd["reason"]) == ("dSz//iw1LDE2MDAwMDAwMDA=", "unreadable")
    assert max(len(line.get("raw", "")) for line in lines) == 4096
    assert [line["row"] for line in lines] == sorted(by_row)


def test_late_ratings_are_kept_complete(tmp_path):
    header = "user,product,rating,timestamp,id"
    early, ahead = "ann,007,3.5,1600000000,r1", "bob,8,4,1600000100,r2"
    path = csv_file(tmp_path / "f.csv", header, ahead, early)
    kept = tmp_path / "late.jsonl"
    options = ("--scale", "0.5..5/0.5", "--order", "file", "--late", kept)
    done = replay(path, *options)
    assert "1 late" in done.err
    assert json.loads(kept.read_text()) == {
        "file": str(path),
        "row": 1,
        "reviewer": "ann",
        "product": "007",
        "stars": "3.5",
        "event_time": "2020-09-13T12:26:40.000Z",
        "arrival": "2021-06-01T00:01:40.000Z",
        "id": "r1",
    }


def test_kept_files_are_empty_where_nothing_was_refused(tmp_path):
    path = csv_file(tmp_path / "f.csv", "u,p,5,1600000000")
    kept = tmp_path / "rejects", tmp_path / "late"
    replay(path, "--rejects", kept[0], "--late", kept[1])
    assert [file.read_bytes() for file in kept] == [b"", b""]


def test_without_a_start_it_is_now_cut_to_the_largest_slide(tmp_path):
    path = csv_file(tmp_path / "f.csv", "u,p,5,1600000000")
    windows = ("--window", "1ms", "--window", "1h/10m", "--output", "jsonl")
    before = time.time() - T0_MS / 1000
    done = starwatch("replay", path, "--every", "1ms", *windows)
    after = time.time() - T0_MS / 1000
    start = offset(done.rows[0]["start"])
    assert before // 600 * 600 <= start <= after // 600 * 600


@pytest.mark.parametrize(
    ("options", "seconds"),
    [(("--every", "30ms"), 0.57), (("--rate", "40"), 0.475), (("--speed", "20x"), 0.95)],
)
def test_a_paced_replay_takes_its_time(tmp_path, options, seconds):
    path = csv_file(tmp_path / "f.csv", *(f"u,p,5,{1_600_000_000 + row}" for row in range(20)))
    begun = time.monotonic()
    assert starwatch("replay", path, *options, "--quiet").code == 0
    assert time.monotonic() - begun >= seconds


def test_the_last_lap_waits_too(tmp_path):
    path = csv_file(tmp_path / "f.csv", "u,p,5,1600000000")
    begun = time.monotonic()
    options = ("--every", "1ms", "--window", "200ms", "--loop", "--limit", "4", "--quiet")
    assert starwatch("replay", path, *options).code == 0
    assert time.monotonic() - begun >= 0.6


def test_rows_rejects_and_late_ratings_can_be_read_while_it_runs(tmp_path):
    times = [0, 100, 0, *range(100, 200)]
    lines = [f"u,p,5,{1_600_000_000 + time}" for time in times]
    path = csv_file(tmp_path / "f.csv", "u,p,5,1600000000", "no rating", *lines)
    files = {name: tmp_path / name for name in ("rows", "rejects", "late")}
    kept = ("--rejects", files["rejects"], "--late", files["late"])
    event = ("--every", "100ms", "--time", "event")
    with process("replay", path, *event, *kept, "--output", f"jsonl:{files['rows']}") as child:
        soon(lambda: all(f.exists() and f.read_text().endswith("\n") for f in files.values()))
        assert child.poll() is None
        interrupted(child)
    assert json.loads(files["rejects"].read_text())["raw"] == "no rating"


def test_lines_for_people_come_while_it_runs(tmp_path):
    path = csv_file(tmp_path / "f.csv", *["u,p,5,1600000000"] * 200)
    with process("replay", path, "--every", "100ms", "--window", "200ms") as child:
        assert re.fullmatch(r"\d\d:\d\d:\d\d\S* 200ms/200ms p 5.00 .*\n", child.stdout.readline())
        assert child.poll() is None
        interrupted(child)
