"""One row of each file at every beat (architecture §4), seen through the command."""

import gzip

import pytest

from commands import csv_file, offset, replay, seen, starwatch

HEADER = "user,product,rating,timestamp"
SECOND = ("--window", "1s", "--output", "jsonl")
"""Tumbling windows of a second: the second in which a row came."""


def rating(product, time=1_600_000_000, user="u"):
    return f"{user},{product},5,{time}"


@pytest.fixture
def one(tmp_path):
    return csv_file(tmp_path / "one.csv", *map(rating, "abcde"))


def test_row_i_comes_i_intervals_after_the_start(one):
    assert seen(replay(one, "--every", "1s", *SECOND).rows) == [
        (0, "a", 1),
        (1, "b", 1),
        (2, "c", 1),
        (3, "d", 1),
        (4, "e", 1),
    ]


def test_a_second_is_the_pace_where_none_is_given(one):
    # Without --as-fast-as-possible, which alone would mean --speed 1: so this one takes its time.
    done = starwatch("replay", one, "--limit", "2", "--start", "2021-06-01", *SECOND)
    assert done.code == 0
    assert seen(done.rows) == [(0, "a", 1), (1, "b", 1)]


def test_a_rate_is_rows_a_second_cut_to_whole_milliseconds(one):
    assert seen(replay(one, "--rate", "2", *SECOND).rows)[2:] == [
        (1, "c", 1),
        (1, "d", 1),
        (2, "e", 1),
    ]
    # 3 a second: 0, 333, 666, 1000, 1333 ms.
    tight = replay(one, "--rate", "3", "--window", "1ms", "--output", "jsonl").rows
    assert [offset(row["start"]) for row in tight] == [0, 0.333, 0.666, 1, 1.333]


def test_a_rate_may_be_a_fraction(one):
    rows = replay(one, "--rate", "0.5", *SECOND).rows
    assert [offset(row["start"]) for row in rows] == [0, 2, 4, 6, 8]


def test_a_header_and_blank_lines_take_no_slot(tmp_path):
    path = csv_file(tmp_path / "f.csv", HEADER, "", rating("a"), "", "", rating("b"), "")
    assert seen(replay(path, "--every", "1s", *SECOND).rows) == [(0, "a", 1), (1, "b", 1)]


def test_pauses_and_rejects_take_a_slot(tmp_path):
    path = csv_file(
        tmp_path / "f.csv", rating("a"), "-", "what is this", rating("b"), "u,c,9,1", rating("d")
    )
    done = replay(path, "--every", "1s", *SECOND)
    assert seen(done.rows) == [(0, "a", 1), (3, "b", 1), (5, "d", 1)]
    assert "received 5 ratings" in done.err
    assert "2 rejected: 1 off_scale, 1 unreadable" in done.err


def test_files_play_side_by_side(tmp_path):
    first = csv_file(tmp_path / "1.csv", *map(rating, "abc"))
    second = csv_file(tmp_path / "2.csv", *map(rating, "aby"))
    rows = replay(first, second, "--every", "1s", *SECOND).rows
    assert seen(rows) == [(0, "a", 2), (1, "b", 2), (2, "c", 1), (2, "y", 1)]


def test_files_of_unequal_length_and_without_rows(tmp_path):
    files = [
        csv_file(tmp_path / "1.csv", rating("a")),
        csv_file(tmp_path / "2.csv", *map(rating, "bcd")),
        csv_file(tmp_path / "3.csv", HEADER),
        csv_file(tmp_path / "4.csv"),
    ]
    for order in (files, files[::-1], files[1:] + files[:1]):
        done = replay(*order, "--every", "1s", *SECOND)
        assert seen(done.rows) == [(0, "a", 1), (0, "b", 1), (1, "c", 1), (2, "d", 1)]
        assert "received 4 ratings" in done.err


EARLY, AHEAD = 1_600_000_000, 1_600_000_100
"""AHEAD closes all windows of EARLY, where no other file holds them open."""


@pytest.fixture
def late(tmp_path):
    """How many ratings are late, where files with these event times play side by side."""

    def count(*files):
        paths = [
            csv_file(
                tmp_path / f"{number}.csv",
                *(time if time in ("-", "no rating") else rating("p", time) for time in times),
            )
            for number, times in enumerate(files)
        ]
        done = replay(*paths, "--every", "1s", "--time", "event", "--window", "10s")
        (line,) = [line for line in done.err.splitlines() if line.endswith(" late")]
        return int(line.split()[1])

    return count


def test_every_file_holds_the_windows_until_its_last_row(late):
    assert late([AHEAD, EARLY]) == 1
    assert late([EARLY], [AHEAD, EARLY]) == 1
    assert late([EARLY] * 2, [AHEAD, EARLY, EARLY]) == 2
    assert late([EARLY] * 4, [AHEAD, EARLY, EARLY]) == 0


def test_a_file_leaves_with_its_last_row_and_not_at_the_end_of_the_beat(late):
    # At the same slot the file that was given first comes first, and leaves first.
    assert late([EARLY] * 2, [AHEAD, EARLY]) == 1
    assert late([AHEAD, EARLY], [EARLY] * 2) == 0


@pytest.mark.parametrize("line", ["-", "no rating"])
def test_a_pause_or_a_reject_at_its_end_holds_a_file_open(late, line):
    assert late([EARLY, line, line], [AHEAD, EARLY, EARLY]) == 1
    assert late([EARLY, line, line, line], [AHEAD, EARLY, EARLY]) == 0


def test_a_file_holds_the_windows_from_the_start_though_its_first_row_comes_later(late):
    assert late(["-", "-", EARLY], [AHEAD, EARLY]) == 0


def test_a_file_without_rows_holds_nothing(late):
    assert late([AHEAD, EARLY], []) == 1


def test_a_rating_without_event_time_has_its_arrival(tmp_path):
    path = csv_file(tmp_path / "f.csv", "u,a,5,", "u,b,5,1622505600", "u,c,5,")
    done = replay(path, "--every", "1s", "--time", "event", *SECOND)
    assert seen(done.rows) == [(0, "a", 1), (0, "b", 1), (2, "c", 1)]


def test_laps_come_a_span_and_the_largest_slide_later(one):
    windows = ("--window", "1s", "--window", "10s/5s")
    options = ("--every", "1s", "--loop", "--limit", "12", "--output", "jsonl")
    rows = [row for row in replay(one, *windows, *options).rows if row["window"] == "1s/1s"]
    # Five rows span 4 s; the laps begin at 0, 9 and 18 s.
    times = [0, 1, 2, 3, 4, 9, 10, 11, 12, 13, 18, 19]
    assert seen(rows) == list(zip(times, "abcdeabcdeab", [1] * 12, strict=True))


def test_laps_are_as_long_as_the_longest_file(tmp_path):
    first = csv_file(tmp_path / "1.csv", rating("a"))
    second = csv_file(tmp_path / "2.csv", *map(rating, "xyz"), "-")
    rows = replay(first, second, "--every", "1s", "--loop", "--limit", "6", *SECOND).rows
    # Four slots span 3 s, and a second more.
    assert seen(rows) == [
        *[(0, "a", 1), (0, "x", 1), (1, "y", 1), (2, "z", 1)],
        *[(4, "a", 1), (4, "x", 1)],
    ]


def test_event_times_of_a_lap_move_by_their_span_and_the_slide(tmp_path):
    start = 1_622_505_600
    path = csv_file(tmp_path / "f.csv", rating("a", start), "u,n,5,", rating("b", start + 100))
    options = ("--every", "1ms", "--time", "event", "--bound", "0s")
    loop = ("--loop", "--limit", "5", "--window", "5s", "--output", "jsonl")
    rows = replay(path, *options, *loop).rows
    # The rating without a time of its own keeps its arrival: 1 ms in lap 0.
    assert [(s, p) for s, p, _ in seen(rows)] == [(0, "a"), (0, "n"), (100, "b"), (105, "a")]


def test_the_limit_counts_ratings_and_rejects_over_all_files(tmp_path):
    first = csv_file(tmp_path / "1.csv", rating("a"), "no rating", rating("c"))
    second = csv_file(tmp_path / "2.csv", *map(rating, "xyz"))
    expected = ["a", "a x", "a x", "a x y", "a c x y", "a c x y z", "a c x y z"]
    for limit, products in enumerate(expected, 1):
        done = replay(first, second, "--every", "1s", "--limit", limit, *SECOND)
        assert sorted(row["product"] for row in done.rows) == products.split()
        assert f"received {min(limit, 6)} rating" in done.err


@pytest.mark.parametrize(
    ("moment", "seconds"),
    [
        ("2021-06-01T00:00:03Z", 3),
        ("2021-06-01T00:00:03", 3),
        ("2021-06-01 00:00:03.250", 3.25),
        ("2021-06-01", 0),
        ("2021-06-01T02:00:00+02:00", 0),
        ("1622505601500", 1.5),
    ],
)
def test_forms_of_the_start(one, moment, seconds):
    options = ("--window", "1ms", "--output", "jsonl", "--start", moment)
    rows = replay(one, "--every", "1s", "--limit", "1", *options).rows
    assert offset(rows[0]["start"]) == seconds


def test_packed_files_and_folders(tmp_path):
    folder = tmp_path / "folder"
    (folder / "below").mkdir(parents=True)
    with gzip.open(folder / "b.csv.gz", "wt") as file:
        file.write(f"{rating('b')}\n" * 2)
    csv_file(folder / "below" / "c.csv", rating("c"))
    (folder / "notes.txt").write_text("nothing to play\n")
    (folder / "d.jsonl").write_text('{"product": "d", "stars": 4, "user": "u"}\n')
    done = replay(folder, "--every", "1s", *SECOND)
    assert seen(done.rows) == [(0, "b", 1), (0, "c", 1), (0, "d", 1), (1, "b", 1)]
    rejects = tmp_path / "rejects.jsonl"
    csv_file(folder / "below" / "c.csv", "no rating", rating("c"))
    replay(folder, "--every", "1s", "--rejects", rejects)
    assert f'"file":"{folder / "below" / "c.csv"}","row":0' in rejects.read_text()
