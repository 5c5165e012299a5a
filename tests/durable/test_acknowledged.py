"""No row reaches an output before what caused it is on the disk, as the kernel saw it."""

import os
import re
import shutil
import subprocess
import sys

import pytest

from commands import T0, csv_file

pytestmark = pytest.mark.slow

CALL = re.compile(
    r"^(?:\d+ +)?(?P<name>\w+)\((?P<fd>\d+)<(?P<path>[^>]*)>.* = (?P<result>-?\d+)(?: .*)?$"
)
UNFINISHED = re.compile(r"^(\d+) +(\w+\(.*) <unfinished \.\.\.>$")
RESUMED = re.compile(r"^(\d+) +<\.\.\. \w+ resumed>(.*)$")


@pytest.fixture
def strace():
    found = shutil.which("strace")
    if found is None:
        if os.environ.get("CI"):
            pytest.fail("strace is missing, and CI leaves out nothing")
        pytest.skip("strace is not on this machine")
    return found


def calls(text):
    """Name, path and result of every call on a file, in the order in which they ended."""
    waiting = {}
    for line in text.splitlines():
        if begun := UNFINISHED.match(line):
            waiting[begun[1]] = begun[2]
            continue
        whole = line
        if ended := RESUMED.match(line):
            whole = waiting.pop(ended[1]) + ended[2]
        if call := CALL.match(whole):
            yield call["name"], call["path"], int(call["result"])


def test_the_journal_is_on_the_disk_before_the_rows_are_in_an_output(tmp_path, strace):
    path = csv_file(tmp_path / "f.csv", *(f"u,p{row % 5},5,1600000000" for row in range(900)))
    out, state, trace = tmp_path / "w.csv", tmp_path / "state", tmp_path / "trace"
    traced = "trace=write,pwrite64,writev,pwritev,fsync,fdatasync"
    done = subprocess.run(
        [
            *(strace, "-f", "-y", "-qq", "-e", traced, "-e", "signal=none", "-o", trace),
            *(sys.executable, "-m", "starwatch", "replay", path, "--rate", "100"),
            *("--as-fast-as-possible", "--start", T0, "--window", "1s", "--quiet"),
            *("--commit-ratings", "100", "--batch-size", "100"),
            *("--state", state, "--output", f"csv:{out}"),
        ],
        check=False,
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    unsynced = None  # whether the database's log was written and is not on the disk yet
    outputs, commits = 0, 0
    written = set()
    for name, file, result in calls(trace.read_text()):
        assert result >= 0, (name, file, result)
        if file == str(state / "starwatch.db-wal"):
            if "write" in name:
                unsynced = True
            elif unsynced:
                unsynced, commits = False, commits + 1
        elif file == str(out) and "write" in name:
            outputs += 1
            if outputs == 1:
                continue  # the header, which no rating causes
            assert unsynced is False, f"row {outputs} was written before its commit was synced"
            assert commits not in written, "rows of two commits after one sync"
            written.add(commits)
    assert outputs - 1 == len(written) >= 8
    assert commits > len(written)
