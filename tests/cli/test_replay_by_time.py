"""Files played by their event times (architecture §4), seen through the command."""

import json

import pytest

from commands import T0_MS, csv_file, offset, replay, seen

START = 1_600_000_000
"""Event times in these files count from here; a multiple of ten seconds."""


@pytest.fixture
def file(tmp_path):
    """Writes files whose ratings have these event times, and the row's name as product."""

    def write(name, *times):
        path = tmp_path / f"{name}.csv"
        return csv_file(
            path, *(f"u{row},{name}{row},5,{START + time}" for row, time in enumerate(times))
        )

    return write


def event_offset(row):
    return offset(row["start"]) + T0_MS / 1000 - START


def late_ones(tmp_path, *arguments):
    """What a replay says of its late ratings: product and seconds from t0 to the arrival."""
    kept = tmp_path / "late.jsonl"
    replay(*arguments, "--late", kept)
    lines = [json.loads(line) for line in kept.read_text().splitlines()]
    return [(line["product"], offset(line["arrival"])) for line in lines]


def test_rows_of_all_files_are_sorted_by_event_time(tmp_path, file):
    files = file("a", 50, 0, 100), file("b", 70, 10, 10)
    options = ("--speed", "10", "--bound", "0s", "--window", "10s")
    assert late_ones(tmp_path, *files, *options) == []
    rows = replay(*files, *options, "--output", "jsonl").rows
    assert [(event_offset(row), row["product"]) for row in rows] == [
        (0, "a1"),
        (10, "b1"),
        (10, "b2"),
        (50, "a0"),
        (70, "b0"),
        (100, "a2"),
    ]


def test_in_the_order_of_the_file_arrival_follows_the_running_maximum(tmp_path, file):
    path = file("a", 0, 100, 10, 120, 20)
    options = ("--order", "file", "--bound", "0s", "--window", "10s")
    assert late_ones(tmp_path, path, "--speed", "10x", *options) == [("a2", 10), ("a4", 12)]
    assert late_ones(tmp_path, path, "--speed", "0.5", *options) == [("a2", 200), ("a4", 240)]
    assert late_ones(tmp_path, path, *options) == [("a2", 100), ("a4", 120)]  # speed 1
    # 100 s and 120 s at 7 times: cut to whole milliseconds.
    assert late_ones(tmp_path, path, "--speed", "7", *options) == [("a2", 14.285), ("a4", 17.142)]


def test_files_in_their_own_order_are_merged_by_arrival_then_file_then_row(tmp_path, file):
    # Arrivals: a 0 50, b 20 20 60: so b's 5 comes before a's 50, and is late behind b's 20.
    first, second = file("a", 0, 50), file("b", 20, 5, 60)
    options = ("--speed", "1", "--order", "file", "--bound", "0s", "--window", "10s")
    assert late_ones(tmp_path, first, second, *options) == [("b1", 20)]
    # Both at 20: a's rows first, then b's.
    first, second = file("a", 20), file("b", 20, 5)
    assert late_ones(tmp_path, first, second, *options) == [("b1", 15)]
    assert late_ones(tmp_path, second, first, *options) == [("b1", 15)]


def test_all_files_are_one_partition(tmp_path, file):
    # A file whose last row is early holds nobody back, and one that has ended changes nothing.
    files = file("a", 0), file("b", 100, 0, 110)
    options = ("--order", "file", "--bound", "0s", "--window", "10s")
    assert late_ones(tmp_path, *files, *options) == [("b1", 100)]


def test_the_bound_and_the_allowed_lateness_decide_what_is_late(tmp_path, file):
    path = file("a", 0, 17, 9)
    options = (path, "--order", "file", "--window", "10s")
    assert late_ones(tmp_path, *options, "--bound", "7s") == [("a2", 17)]
    assert late_ones(tmp_path, *options, "--bound", "7001ms") == []
    assert late_ones(tmp_path, *options, "--bound", "5s", "--lateness", "2s") == [("a2", 17)]
    rows = replay(*options, "--bound", "5s", "--lateness", "2001ms", "--output", "jsonl").rows
    assert [(row["product"], row["revision"]) for row in rows] == [("a0", 0), ("a2", 0), ("a1", 0)]


def test_a_correction_is_a_row_with_the_next_revision(tmp_path):
    lines = [f"u,p,{stars},{START + time}" for stars, time in [(5, 1), (5, 17), (2, 2), (3, 3)]]
    path = csv_file(tmp_path / "f.csv", *lines)
    options = ("--order", "file", "--window", "10s", "--lateness", "30s", "--output", "jsonl")
    rows = [row for row in replay(path, *options).rows if event_offset(row) == 0]
    assert [(row["revision"], row["stars"], float(row["mean"])) for row in rows] == [
        (0, [0, 0, 0, 0, 1], 5.0),
        (1, [0, 1, 0, 0, 1], 3.5),
        (2, [0, 1, 1, 0, 1], 3.333333),
    ]


def test_rows_without_an_event_time_are_rejected_as_they_came(tmp_path):
    kept = tmp_path / "rejects.jsonl"
    path = csv_file(tmp_path / "f.csv", f"u,a,5,{START}", "u,b, 4 ,", f"u,c,5,{START}")
    done = replay(path, "--speed", "9", "--rejects", kept, "--window", "10s", "--output", "jsonl")
    assert [row["product"] for row in done.rows] == ["a", "c"]
    assert "1 rejected: 1 missing_time" in done.err
    (line,) = map(json.loads, kept.read_text().splitlines())
    assert line == {"file": str(path), "row": 1, "reason": "missing_time", "raw": "u,b, 4 ,"}


def test_laps_move_by_span_and_largest_slide(tmp_path, file):
    path = file("a", 0, 100)
    windows = ("--window", "1s", "--window", "10s/5s")
    options = ("--speed", "10", "--loop", "--limit", "5", "--output", "jsonl")
    rows = [row for row in replay(path, *windows, *options).rows if row["window"] == "1s/1s"]
    assert [event_offset(row) for row in rows] == [0, 100, 105, 205, 210]
    # Arrivals are moved as much, divided by the speed: the third lap begins 2 * 105 / 10 s in.
    path = file("b", 0, 100, 10)
    options = ("--speed", "10", "--order", "file", "--loop", "--limit", "6", "--window", "5s")
    assert late_ones(tmp_path, path, *options) == [("b2", 10), ("b2", 20.5)]


def test_as_fast_as_possible_alone_goes_by_event_time(file):
    path = file("a", 0, 100)
    rows = replay(path, "--window", "1s", "--output", "jsonl").rows
    assert [event_offset(row) for row in rows] == [0, 100]
    by_arrival = replay(path, "--window", "1s", "--every", "1s", "--output", "jsonl").rows
    assert seen(by_arrival) == [(0, "a0", 1), (1, "a1", 1)]
