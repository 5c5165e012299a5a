"""Ctrl-C and SIGTERM end a replay soon and cleanly, and close nothing."""

import json
import os
import re
import signal
import sys
import threading

import pyarrow as pa
import pyarrow.csv as pacsv
import pyarrow.parquet as pq
import pytest

from commands import csv_file, interrupted, process, soon
from starwatch.cli.running import stopped_by_signals

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="Windows sends no such signals")

SIGNALS = pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])


@pytest.fixture
def file(tmp_path):
    return csv_file(tmp_path / "f.csv", *(f"u,p{row % 3},5,1600000000" for row in range(3000)))


@SIGNALS
def test_a_paced_replay_is_stopped(file, tmp_path, number):
    rows = tmp_path / "rows.jsonl"
    options = ("--every", "10ms", "--window", "60s/50ms", "--output", f"jsonl:{rows}")
    with process("replay", file, *options) as child:
        soon(lambda: rows.exists() and len(rows.read_text().splitlines()) > 5)
        done = interrupted(child, number)
    assert (done.code, done.out) == (130, "")
    books = r"{0} ratings? (?:.|\n)*\n{0} window rows?,(?:.|\n)* = {0} in closed .* \+ {0} in open"
    numbers = re.search(books.replace("{0}", r"([\d,]+)"), done.err).groups()
    received, emitted, closed, still_open = (int(n.replace(",", "")) for n in numbers)
    assert closed + still_open == received * 1200
    assert still_open > closed
    # The file holds whole lines, all of those that were said to be there, and of no open window.
    text = rows.read_text()
    assert text.endswith("\n")
    lines = [json.loads(line) for line in text.splitlines()]
    assert len(lines) == emitted
    assert sum(line["count"] for line in lines) == closed


@SIGNALS
def test_a_replay_is_stopped_while_nothing_comes_for_long(tmp_path, number):
    path = csv_file(tmp_path / "f.csv", "no rating", *["u,p,5,1600000000"] * 9)
    kept = tmp_path / "rejects"
    options = ("--every", "1h", "--output", "jsonl", "--rejects", kept)
    with process("replay", path, *options) as child:
        soon(lambda: kept.exists() and kept.stat().st_size)
        done = interrupted(child, number)
    assert done.code == 130
    assert "received 1 rating" in done.err


def test_a_replay_at_full_speed_is_stopped(file, tmp_path):
    rows = tmp_path / "rows.csv"
    options = ("--rate", "1000", "--as-fast-as-possible", "--loop", "--output", f"csv:{rows}")
    with process("replay", file, *options, "--window", "10ms") as child:
        soon(lambda: rows.exists() and rows.stat().st_size > 100_000)
        done = interrupted(child)
    assert done.code == 130, done.err
    assert done.err.endswith("both books balance\n")
    assert rows.read_text().endswith(",0\n")


def test_a_parquet_file_is_whole_behind_a_stop(file, tmp_path):
    rows, progress = tmp_path / "rows.parquet", tmp_path / "late"
    options = ("--every", "10ms", "--window", "50ms", "--output", f"parquet:{rows}")
    seen = ("--output", f"csv:{progress}")
    with process("replay", file, *options, *seen) as child:
        soon(lambda: progress.exists() and len(progress.read_text().splitlines()) > 5)
        assert not rows.exists()
        assert interrupted(child).code == 130
    assert pq.read_table(rows).num_rows == len(progress.read_text().splitlines()) - 1


def test_quiet_is_silent_then_too(file, tmp_path):
    rows = tmp_path / "rows"
    options = ("--every", "10ms", "--window", "50ms", "--output", f"log:{rows}", "--quiet")
    with process("replay", file, *options) as child:
        soon(lambda: rows.exists() and rows.stat().st_size > 0)
        done = interrupted(child)
    assert (done.code, done.out, done.err) == (130, "", "")


def test_arrow_leaves_ctrl_c_to_us():
    # Otherwise its CSV reader gives up the block in hand with an error of its own.
    text = pa.py_buffer(b"reviewer,product,5,1600000000\n" * 2_000_000)
    options = pacsv.ReadOptions(use_threads=False, column_names=list("abcd"))
    with stopped_by_signals() as stop:
        threading.Timer(0.01, os.kill, (os.getpid(), signal.SIGINT)).start()
        rows = 0
        while not stop.is_set():
            rows += pacsv.read_csv(pa.BufferReader(text), options).num_rows
    assert rows > 0
    assert rows % 2_000_000 == 0
