"""`starwatch verify` as a user meets it."""

import json
import re

import pytest

from commands import T0, interrupted, process, run, soon, starwatch
from durable.runs import committed
from recompute.untidy import OPTIONS, untidy_file


@pytest.fixture(scope="module")
def untidy(tmp_path_factory):
    """Ratings, and a folder of what a replay with a state made of them."""
    folder = tmp_path_factory.mktemp("untidy")
    ratings = untidy_file(folder / "ratings.csv")
    outputs = [
        part
        for kind in ("jsonl", "csv", "parquet")
        for part in ("--output", f"{kind}:{folder / f'w.{kind}'}")
    ]
    given = ["--as-fast-as-possible", "--quiet", "--state", folder / "state", "--start", T0]
    often = ["--commit-ratings", "50", "--seal-ratings", "150", "--snapshot-seconds", "0"]
    done = starwatch("replay", ratings, *OPTIONS, *given, *often, *outputs)
    assert done.code == 0, done.err
    return ratings, folder


def verify(ratings, *arguments, options=OPTIONS):
    return starwatch("verify", "--from", ratings, *options, *arguments)


@pytest.fixture
def lines(untidy):
    """The rows as lines, to be changed; and a function that verifies them."""
    ratings, folder = untidy
    target = folder / "changed.jsonl"

    def check(changed):
        target.write_text("".join(f"{line}\n" for line in changed))
        return verify(ratings, "--against", target)

    return (folder / "w.jsonl").read_text().splitlines(), check


def test_everything_in_it_agrees(untidy):
    ratings, folder = untidy
    against = [
        p for kind in ("jsonl", "csv", "parquet") for p in ("--against", folder / f"w.{kind}")
    ]
    done = verify(ratings, *against)
    assert (done.code, done.err) == (0, "")
    assert done.out.count(", 0 differing, 0 missing, 0 extra") == 3
    assert "both books balance" in done.out
    assert done.out.endswith("all agree\n")


def test_late_ratings_are_explained_apart(untidy):
    ratings, folder = untidy
    out = verify(ratings, "--against", folder / "w.csv").out
    assert "late ratings" not in out
    assert "came too late for every window; counted ones missed" in out
    assert "most of them: 30s/5s to 2020-09-13T" in out


def test_a_state_agrees_without_any_option(untidy):
    _, folder = untidy
    done = starwatch("verify", "--state", folder / "state", "--against", folder / "w.jsonl")
    assert (done.code, done.err) == (0, "")
    assert done.out.startswith("journal: the same classes and books\n")


def test_a_state_alone_has_its_rows_and_books_compared(untidy):
    _, folder = untidy
    assert list((folder / "state" / "ratings").glob("*/*.parquet"))
    done = starwatch("verify", "--state", folder / "state")
    assert (done.code, done.err) == (0, "")
    rows = len((folder / "w.jsonl").read_text().splitlines())
    assert f"\nengine: {rows:,} equal, 0 differing, 0 missing, 0 extra\n" in done.out
    assert done.out.endswith("all agree\n")


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ('"count":', '"count":1'),
        ('"stars":[', '"stars":[1'),
        ('"mean":', '"mean":1'),
        ("000,", "001,"),
        ('","start":"2020', '","start":"2021'),
    ],
)
def test_a_row_that_differs_in_one_digit(lines, before, after):
    rows, check = lines
    assert before in rows[5]
    rows[5] = rows[5].replace(before, after, 1)
    done = check(rows)
    assert done.code == 1
    assert f"{len(rows) - 1:,} equal, 1 differing, 0 missing, 0 extra\n  differing: " in done.out
    assert "the first" in done.out
    assert done.err.startswith("error: ")


def test_another_end_is_a_missing_row_and_an_extra_one(lines):
    rows, check = lines
    row = json.loads(rows[5])
    rows[5] = rows[5].replace(row["end"], "2020-09-13T12:26:41.000Z")
    done = check(rows)
    assert done.code == 1
    assert "0 differing, 1 missing, 1 extra\n" in done.out


def test_a_row_that_is_missing(lines):
    rows, check = lines
    assert "0 differing, 1 missing, 0 extra\n  missing: " in check(rows[:7] + rows[8:]).out


def test_a_row_that_was_written_twice(lines):
    rows, check = lines
    done = check([*rows, rows[3]])
    assert done.code == 1
    assert f"{len(rows):,} equal, 0 differing, 0 missing, 1 extra\n" in done.out


def test_a_mean_with_other_digits(lines):
    rows, check = lines
    rows[4] = rows[4].replace(',"revision"', '0,"revision"')
    assert "1 differing" in check(rows).out


def test_rows_in_another_order(tmp_path):
    ratings = untidy_file(tmp_path / "r.csv", rows=100)
    options = ("--every", "1s", "--start", T0)
    rows = tmp_path / "w.jsonl"
    command = ["replay", ratings, *options, "--as-fast-as-possible", "--quiet"]
    assert starwatch(*command, "--output", f"jsonl:{rows}").code == 0
    assert verify(ratings, "--against", rows, options=options).code == 0
    lines = rows.read_text().splitlines(keepends=True)
    rows.write_text("".join([*lines[:3], lines[4], lines[3], *lines[5:]]))
    done = verify(ratings, "--against", rows, options=options)
    assert done.code == 1
    assert "0 extra, 1 out of order" in done.out


def test_other_options_than_the_replays(untidy):
    ratings, folder = untidy
    done = verify(ratings, "--bound", "6s", "--against", folder / "w.csv")
    assert done.code == 1
    assert "the first late rating there is row" in done.out


@pytest.mark.parametrize("pace", [("--every", "1s"), ("--speed", "1", "--order", "file")])
def test_a_replay_that_loops_is_verified_up_to_its_limit(tmp_path, pace):
    ratings, rows = untidy_file(tmp_path / "r.csv", rows=100), tmp_path / "w.jsonl"
    options = (*pace, "--start", T0, "--loop", "--limit", "350", "--window", "30s/10s")
    command = ("replay", ratings, *options, "--as-fast-as-possible", "--quiet")
    assert starwatch(*command, "--output", f"jsonl:{rows}").code == 0
    done = verify(ratings, "--against", rows, options=options)
    assert (done.code, done.err) == (0, "")
    assert "received 350 ratings" in done.out
    once = tuple(option for option in options if option != "--loop")
    assert verify(ratings, "--against", rows, options=once).code == 1


def test_a_state_of_a_replay_that_loops_agrees_where_it_was_stopped(tmp_path):
    ratings, state = untidy_file(tmp_path / "r.csv", rows=100), tmp_path / "state"
    options = ("--speed", "1", "--order", "file", "--as-fast-as-possible", "--quiet", "--loop")
    with process("replay", ratings, *options, "--state", state) as child:
        soon(lambda: committed(state) > 1_000 or child.poll() is not None)
        assert interrupted(child, within=15).code == 130
    done = starwatch("verify", "--state", state)
    assert (done.code, done.err) == (0, ""), done.out
    assert done.out.endswith("all agree\n")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ([], "there is nothing to verify"),
        (["--from", "r.csv", "--state", "s"], "--from and --state exclude each other"),
        (["--from", "r.csv"], "there is nothing to compare with"),
        (["--from", "r.csv", "--against", "w.csv"], "depend on when it began"),
        (["--from", "r.csv", "--against", "w.csv", "--loop"], "--loop has no end"),
        (["--state", "nothing-there"], "nothing-there"),
    ],
)
def test_what_it_cannot_do_is_said(tmp_path, monkeypatch, arguments, said):
    monkeypatch.chdir(tmp_path)
    done = starwatch("verify", *arguments)
    assert done.code in (1, 2)
    assert said in done.err
    assert done.err.count("\n") == 1


@pytest.mark.parametrize(
    ("name", "text", "code", "said"),
    [
        ("nothing.jsonl", None, 2, "there are no rows"),
        ("w.txt", "", 2, "does not tell its format"),
        ("w.jsonl", '{"window":"30s/5s"', 1, "does not hold the rows"),
        ("w.csv", "window,product\n30s/5s,A\n", 1, "does not hold the rows"),
    ],
)
def test_rows_that_cannot_be_read(untidy, name, text, code, said):
    target = untidy[1] / f"broken_{name}"
    if text is not None:
        target.write_text(text)
    done = verify(untidy[0], "--against", target)
    assert done.code == code
    assert said in done.err
    assert done.err.count("\n") == 1


@pytest.mark.parametrize(
    "option", [("--window", "1h"), ("--every", "1s"), ("--scale", "1..5/1"), ("--limit", "3")]
)
def test_a_state_goes_by_its_own_rules_and_refuses_others(untidy, option):
    done = starwatch("verify", "--state", untidy[1] / "state", *option)
    assert (done.code, done.out) == (2, "")
    assert f"error: {option[0]} goes with --from; a state remembers" in done.err
    assert done.err.count("\n") == 1


@pytest.mark.parametrize("of", ["state", "file"])
def test_too_little_memory_is_one_line(untidy, of, tmp_path):
    ratings, folder = untidy
    tiny = ("--memory", "1KB", "--scratch", str(tmp_path))
    rows = ("--against", str(folder / "w.csv"))
    given = ("--state", folder / "state") if of == "state" else ("--from", ratings, *OPTIONS, *rows)
    done = run("verify", *map(str, given), *tiny)
    assert done.code == 1
    assert re.fullmatch(r"error: there is not enough memory .*\n", done.err), done.err


def test_a_workbook_is_not_written_into_the_state(untidy):
    state = untidy[1] / "state"
    done = starwatch("verify", "--state", state, "--excel", state / "check.xlsx")
    assert (done.code, done.out) == (2, "")
    assert "lies in the state itself" in done.err
