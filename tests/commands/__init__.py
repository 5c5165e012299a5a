"""The `starwatch` command as tests call it: in this process, or as one of its own."""

import io
import json
import os
import signal
import subprocess
import sys
import threading
import time
from contextlib import contextmanager
from dataclasses import dataclass
from fractions import Fraction
from unittest import mock

from starwatch.cli.main import main

T0 = "2021-06-01T00:00:00Z"
T0_MS = 1_622_505_600_000
"""A multiple of every window's slide up to a day."""


@dataclass(frozen=True, slots=True)
class Done:
    """How a command ended, and what it said."""

    code: int
    out: str
    err: str

    @property
    def rows(self):
        """Standard output as JSON lines, numbers exact."""
        return read_rows(self.out)


def read_rows(text):
    return [json.loads(line, parse_float=Fraction) for line in text.splitlines()]


def starwatch(*arguments, env=None) -> Done:
    """Run the command here, which takes no time; exactly what the console script runs."""
    streams = [io.TextIOWrapper(io.BytesIO(), encoding="utf-8", newline="") for _ in range(2)]
    line = ["starwatch", *map(str, arguments)]
    with (
        mock.patch.multiple(sys, argv=line, stdout=streams[0], stderr=streams[1]),
        mock.patch.dict(os.environ, env or {}),
    ):
        try:
            main()
        except SystemExit as leaving:
            code = leaving.code
    texts = []
    for stream in streams:
        stream.flush()
        texts.append(stream.buffer.getvalue().decode())
    return Done(code, *texts)


def replay(*arguments, env=None) -> Done:
    """Replay without waiting from a fixed moment; everything must have gone well."""
    done = starwatch("replay", "--as-fast-as-possible", "--start", T0, *arguments, env=env)
    assert done.code == 0, done.err
    return done


@contextmanager
def process(*arguments, patience=60, **options):
    """The command as a process of its own, which does not outlive the test."""
    options = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True} | options
    command = [sys.executable, "-m", "starwatch", *map(str, arguments)]
    with subprocess.Popen(command, **options) as child:
        # Where a test waits for a line that never comes, the end of the process ends the wait.
        watch = threading.Timer(patience, child.kill)
        watch.start()
        try:
            yield child
        finally:
            watch.cancel()
            if child.poll() is None:
                child.kill()


def run(*arguments, timeout=60, **options) -> Done:
    """Run the command as a process and wait for its end."""
    with process(*arguments, **options) as child:
        out, err = child.communicate(timeout=timeout)
    return Done(child.returncode, out, err)


def soon(condition, *, seconds=20.0):
    """Wait until a condition holds; returns what it gave."""
    deadline = time.monotonic() + seconds
    while not (found := condition()):
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.01)
    return found


def interrupted(child, number=signal.SIGINT, *, within=1.0) -> Done:
    """Send a signal and collect the end of a process, which must come soon."""
    begun = time.monotonic()
    child.send_signal(number)
    out, err = child.communicate(timeout=20)
    assert time.monotonic() - begun < within
    return Done(child.returncode, out, err)


def offset(moment) -> float:
    """Seconds from T0 to a moment of an output."""
    from starwatch.ratings.durations import moment_ms  # noqa: PLC0415 - the reader of --start

    return (moment_ms(moment) - T0_MS) / 1000


def seen(rows):
    """Rows of a window's first emission as (seconds from T0 to its start, product, count)."""
    return [(offset(row["start"]), row["product"], row["count"]) for row in rows]


def csv_file(path, *lines):
    """A CSV file of these lines."""
    path.write_text("".join(f"{line}\n" for line in lines))
    return path
