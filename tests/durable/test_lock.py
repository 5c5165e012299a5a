"""One writer per state directory."""

import os
import subprocess
import sys
import threading
import time

import pytest

from commands import soon
from starwatch.errors import StateLocked
from starwatch.journal.lock import DirectoryLock, writer_of

HOLD = """
import sys
from pathlib import Path
from starwatch.journal.lock import DirectoryLock
lock = DirectoryLock(Path(sys.argv[1]))
print("held", flush=True)
sys.stdin.read()
"""


def test_a_second_writer_is_told_who_the_first_is(tmp_path):
    with DirectoryLock(tmp_path):
        with pytest.raises(StateLocked, match=f"is in use by process {os.getpid()}"):
            DirectoryLock(tmp_path)
        assert (tmp_path / "writer.pid").read_text() == str(os.getpid())
    with DirectoryLock(tmp_path):
        pass


def test_a_killed_writer_holds_nothing(tmp_path):
    command = [sys.executable, "-c", HOLD, tmp_path]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
    with subprocess.Popen(command, text=True, **pipes) as child:
        try:
            assert child.stdout.readline() == "held\n"
            with pytest.raises(StateLocked, match=f"process {child.pid}"):
                DirectoryLock(tmp_path)
        finally:
            child.kill()
            child.wait(20)

    def free():
        try:
            with DirectoryLock(tmp_path):
                return True
        except StateLocked:
            return False

    assert soon(free)


def test_who_holds_it_can_be_asked(tmp_path):
    assert writer_of(tmp_path) is None
    assert not list(tmp_path.iterdir())
    with DirectoryLock(tmp_path):
        assert writer_of(tmp_path) == str(os.getpid())
    assert writer_of(tmp_path) is None  # though the file still names the last one


def test_a_look_at_it_refuses_no_start(tmp_path):
    looking = DirectoryLock(tmp_path)  # as `writer_of` holds it, only longer
    threading.Timer(0.02, looking.__exit__).start()
    begun = time.monotonic()
    with DirectoryLock(tmp_path):
        assert time.monotonic() - begun > 0.01


def test_a_shorter_pid_leaves_nothing_of_a_longer_one(tmp_path):
    (tmp_path / "writer.pid").write_text("99999999999999")
    with DirectoryLock(tmp_path):
        assert (tmp_path / "writer.pid").read_text() == str(os.getpid())
