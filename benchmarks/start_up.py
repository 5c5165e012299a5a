"""How soon `starwatch` answers: `--help`, and the first provisional row of a replay on a terminal.

Bytecode is compiled first, as an installer does.
"""

import compileall
import os
import pty
import re
import select
import signal
import statistics
import subprocess
import sys
import time
from pathlib import Path

import starwatch
from benchmarks.measuring import Given, Result, main

STARWATCH = [sys.executable, "-m", "starwatch"]
ENVIRONMENT = {k: v for k, v in os.environ.items() if not k.startswith("PYTHON")}
ENVIRONMENT |= {"TERM": "xterm-256color", "COLUMNS": "100", "LINES": "30"}
RUNS = 21


def measure(given: Given) -> list[Result]:
    compileall.compile_dir(str(Path(starwatch.__file__).parent), quiet=2)
    path = given.shared / "movies_and_tv_first_252.csv"
    product = path.read_text().split(",", 2)[1].encode()  # the file has no header
    helps, firsts, bare = [], [], []
    for _ in range(RUNS + 1):
        bare.append(until_done([sys.executable, "-c", "pass"]))
        helps.append(until_done([*STARWATCH, "--help"]))
        firsts.append(until_shown([*STARWATCH, "replay", str(path), "--every", "1s"], product))
    middle = [statistics.median(times[1:]) for times in (bare, helps, firsts)]
    python = f"Python alone {middle[0]:.3f} s"
    return [
        Result("8 `starwatch --help`", middle[1], "s", 0.15, 0.08, more=False, detail=python),
        Result(
            "8 first provisional row of `starwatch replay FILE --every 1s` on a terminal",
            middle[2],
            "s",
            0.8,
            0.4,
            more=False,
            detail=python,
        ),
    ]


def until_done(command: list[str]) -> float:
    begun = time.perf_counter()
    subprocess.run(command, env=ENVIRONMENT, stdout=subprocess.DEVNULL, check=True)
    return time.perf_counter() - begun


def until_shown(command: list[str], text: bytes) -> float:
    """Seconds from the start of a process to the text on its terminal."""
    ours, theirs = pty.openpty()
    begun = time.perf_counter()
    process = subprocess.Popen(
        command, stdin=theirs, stdout=theirs, stderr=theirs, env=ENVIRONMENT, start_new_session=True
    )
    os.close(theirs)
    seen = b""
    try:
        while text not in re.sub(rb"\x1b\[[0-9;?]*[A-Za-z]", b"", seen):
            if not select.select([ours], [], [], 10)[0]:
                raise SystemExit(f"nothing was shown: {seen!r}")
            seen += os.read(ours, 65536)
        return time.perf_counter() - begun
    finally:
        process.send_signal(signal.SIGINT)
        while select.select([ours], [], [], 5)[0]:
            try:
                if not os.read(ours, 65536):
                    break
            except OSError:
                break
        process.wait()
        os.close(ours)


if __name__ == "__main__":
    main(measure)
