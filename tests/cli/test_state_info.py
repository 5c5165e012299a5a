"""`starwatch state info`, of a state in use, of a dead one, and of a finished one."""

import json
import re
import sqlite3
import time
from contextlib import closing

import pytest

from commands import csv_file, process, soon, starwatch

LINES = (
    *(f"u,p{row % 3},5,{1_600_000_000 + row % 3 * 86_400}" for row in range(400)),
    "this is no rating",
)
"""Of three days, so that a sealed range is several files."""


@pytest.fixture
def files(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    csv_file(tmp_path / "f.csv", *LINES)
    csv_file(tmp_path / "c.csv", "product,name", "p0,Old Lamp", "p1,Tea")
    return tmp_path


def replay(*more):
    """A replay of eight seconds that commits often and seals early."""
    frequent = ("--commit-ratings", "5", "--snapshot-seconds", "0", "--seal-ratings", "40")
    options = ("--window", "1s", "--quiet", "--output", "csv:w.csv", "--state", "s")
    return ("replay", "f.csv", "--every", "20ms", *options, *frequent, *more)


def info():
    done = starwatch("state", "info", "--state", "s", "--json")
    assert (done.code, done.err) == (0, "")
    return json.loads(done.out)


def ready():
    """What a state says once a file was sealed and an output has rows."""
    if starwatch("state", "info", "--state", "s").code:
        return None
    found = info()
    return found if found["sealed"]["files"] and found["outputs"] else None


def test_a_run_that_goes_on_and_is_killed_and_ends(files):
    before = time.time()
    with process(*replay("--catalogue", "c.csv")) as child:
        found = soon(ready)
        assert found["writer"] == child.pid
        assert not found["finished"]
        later = soon(lambda: (new := info())["window_rows"] > found["window_rows"] and new)
        assert later["watermark"] > found["watermark"] >= found["start"]
        child.kill()
        child.wait(20)
    found = info()
    assert (found["writer"], found["finished"]) == (None, False)
    read = found["sources"][0]["rows_read"]
    assert read == found["journal"]["ratings"] + found["sealed"]["ratings"]
    assert read == found["ratings"]["received"] == found["ratings"]["counted"] > 0
    parts = {name for name in found["bytes"] if name != "starwatch.db"}
    for name in parts:
        inside = [path for path in (files / "s" / name).rglob("*") if path.is_file()]
        assert found["bytes"][name] == sum(path.stat().st_size for path in inside)
    assert parts >= {"ratings", "snapshots"}
    assert found["sealed"]["files"] == len(list((files / "s" / "ratings").rglob("*.parquet")))

    assert starwatch(*replay("--as-fast-as-possible")).code == 0
    ended = info()
    assert ended["finished"]
    assert ended["watermark"] is None
    assert ended["begun"] == found["begun"]
    assert before - 1 < seconds(ended["begun"]) < time.time()
    assert ended["ratings"] == {
        "received": 401,
        "counted": 400,
        "duplicate": 0,
        "late": 0,
        "rejected": 1,
    }
    rows = len((files / "w.csv").read_text().splitlines()) - 1
    (output,) = ended["outputs"]
    assert (output["rows"], output["behind"], ended["window_rows"]) == (rows, 0, rows)
    assert output["bytes"] == (files / "w.csv").stat().st_size
    assert ended["products_in_catalogue"] == 2


def seconds(moment):
    from starwatch.ratings.durations import moment_ms  # noqa: PLC0415 - the reader of --start

    return moment_ms(moment) / 1000


@pytest.mark.usefixtures("files")
def test_words_stand_under_each_other():
    assert starwatch(*replay("--as-fast-as-possible", "--catalogue", "c.csv")).code == 0
    done = starwatch("state", "info", "--state", "s")
    lines = done.out.splitlines()
    places = {re.match(r" *\S+( \S+)* {2,}", line).end() for line in lines if "  " in line.strip()}
    assert len(places) == 1
    texts = dict(re.split(r" {2,}", line.strip(), maxsplit=1) for line in lines if "  " in line[2:])
    assert texts["job"].startswith("1s/1s by arrival, bound 0ms")
    assert texts["pace"] == "one row of each file every 20 ms"
    ended = [texts[word] for word in ("progress", "writer", "watermark")]
    assert ended == ["finished", "nobody", "the end"]
    assert texts["ratings"].startswith("401 received: 400 counted, ")
    assert texts["f.csv"].startswith("401 rows read of ")
    assert texts["catalogue"] == "2 products"
    assert re.fullmatch(r"24 rows, \d\.\d kB", texts["csv:w.csv"])
    assert re.fullmatch(r"[\d.]+ kB, \d+ commits?, [\d,]+ ratings", texts["starwatch.db"])
    assert re.fullmatch(r"[\d.]+ kB, \d+ files?, [\d,]+ ratings", texts["ratings/"])


def test_an_output_that_is_behind(files):
    """As a sink that fails, or one whose cursor no commit holds yet."""
    assert starwatch(*replay("--as-fast-as-possible")).code == 0
    with closing(sqlite3.connect(files / "s" / "starwatch.db")) as database:
        database.execute("UPDATE sinks SET rows = rows - 4")
        database.commit()
    (output,) = info()["outputs"]
    assert output["behind"] == 4
    assert output["waiting_bytes"] > 0
    assert output["passed_over"] == 0
    assert re.search(
        r", 4 behind \([0-9.]+ k?B waiting\)\n", starwatch("state", "info", "--state", "s").out
    )


@pytest.mark.usefixtures("files")
def test_a_replay_by_event_time_says_its_speed():
    more = ("--speed", "100x", "--order", "file", "--as-fast-as-possible", "--limit", "9")
    done = starwatch("replay", "f.csv", *more, "--window", "1m", "--quiet", "--state", "s")
    assert done.code == 0
    text = "100 times as fast as it happened, each file as it lies, at most 9 rows\n"
    assert text in starwatch("state", "info", "--state", "s").out


@pytest.mark.usefixtures("files")
def test_what_is_no_state():
    for command in ("none", "."):
        done = starwatch("state", "info", "--state", command)
        assert (done.code, done.out) == (2, "")
        assert done.err.startswith("error: there is no state in ")


def test_a_group_says_what_there_is():
    done = starwatch("state")
    assert done.code == 2
    assert "info " in done.out
    done = starwatch("state", "inof")
    assert done.err == "error: no such command 'inof'. Try `starwatch state --help`\n"
    done = starwatch("state", "info")
    assert done.err == "error: missing option '--state'. Try `starwatch state info --help`\n"


@pytest.mark.usefixtures("files")
def test_a_source_that_is_no_file_has_rows_and_no_size():
    assert starwatch(*replay("--as-fast-as-possible")).code == 0
    with closing(sqlite3.connect("s/starwatch.db")) as database:
        database.execute("UPDATE positions SET name = 'kafka:ratings 0'")
        database.execute("DELETE FROM facts WHERE name IN ('files', 'pace', 'start_ms')")
        database.commit()
    assert info()["sources"] == [{"name": "kafka:ratings 0", "bytes": None, "rows_read": 401}]
    text = starwatch("state", "info", "--state", "s").out
    assert re.search(r"  kafka:ratings 0 +401 rows read\n", text)
    assert "None" not in text
