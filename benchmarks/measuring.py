"""What all benchmarks share: one core, alternating runs, medians, a result as a row of a table."""

import argparse
import ctypes
import gc
import json
import os
import statistics
import tempfile
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path

import pyarrow as pa

REPEATS = 5


@dataclass(frozen=True)
class Result:
    """One row of the table.

    Attributes:
        what: What is compared with what.
        value: What was measured.
        unit: Behind the number: `x`, `µs`, `B`, `k/s`, `s`; empty for a share.
        must: The least that is asked for, None for a figure that is only told.
        aim: What is hoped for.
        more: Whether more is better.
        detail: The two sides in plain numbers.
    """

    what: str
    value: float
    unit: str = "x"
    must: float | None = None
    aim: float | None = None
    more: bool = True
    detail: str = ""

    def verdict(self) -> str:
        """What was met."""
        if self.must is None or self.aim is None:
            return "for orientation"
        sign = 1 if self.more else -1
        if sign * self.value >= sign * self.aim:
            return "aim met"
        return "must met" if sign * self.value >= sign * self.must else "**missed**"

    def line(self) -> str:
        """The row in Markdown."""
        cells = [self.what, self._shown(self.must), self._shown(self.aim), self._shown(self.value)]
        return f"| {' | '.join([*cells, self.verdict(), self.detail])} |"

    def _shown(self, value: float | None) -> str:
        if value is None:
            return ""
        return f"{value:.3g} {self.unit}".strip() if value < 1000 else f"{value:.0f} {self.unit}"


HEAD = "| row | must | aim | measured | verdict | medians |\n|---|---|---|---|---|---|"


@dataclass(frozen=True)
class Given:
    """What the command line says.

    Attributes:
        data: The folder of made files.
        shared: The folder of real files.
        repeats: How often each side runs.
        scale: What part of the products and ratings is made, where a script heeds it (`views`).
    """

    data: Path
    shared: Path
    repeats: int
    scale: float = 1.0


def parser() -> argparse.ArgumentParser:
    root = Path(__file__).resolve().parents[1]
    made = argparse.ArgumentParser()
    made.add_argument("--data", type=Path, default=Path(tempfile.gettempdir(), "starwatch-bench"))
    made.add_argument("--shared", type=Path, default=root.parent / "shared" / "data")
    made.add_argument("--repeats", type=int, default=REPEATS)
    return made


def main(measure: Callable[[Given], list[Result]]) -> None:
    """Run one script by itself: its rows as Markdown, or with `--json` for `run.py`."""
    options = parser()
    options.add_argument("--json", action="store_true")
    options.add_argument("--scale", type=float, default=1.0)
    given = options.parse_args()
    one_core()
    results = measure(Given(given.data, given.shared, given.repeats, given.scale))
    if given.json:
        print(json.dumps([asdict(result) for result in results]))
    else:
        print(HEAD, *(result.line() for result in results), sep="\n")


def one_core() -> None:
    """Stay on one core, and keep libraries from starting threads."""
    pa.set_cpu_count(1)
    pa.set_io_thread_count(1)
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})


def seconds(work: Callable[[], object]) -> float:
    """Processor time of one call, so that other work on the machine does not count.

    What the call gives is let go before the next one starts.
    """
    gc.collect()
    begun = time.process_time()
    given = work()
    took = time.process_time() - begun
    del given
    return took


def medians(sides: dict[str, Callable[[], object]], repeats: int) -> dict[str, float]:
    """Median processor seconds of each side after one run to warm up, the sides taking turns."""
    taken: dict[str, list[float]] = {name: [] for name in sides}
    for name in [*sides] * (repeats + 1):
        taken[name].append(seconds(sides[name]))
    return {name: statistics.median(times[1:]) for name, times in taken.items()}


def resident_bytes() -> int:
    """The memory of this process, after what is free was given back."""
    gc.collect()
    pa.default_memory_pool().release_unused()
    with suppress(OSError, AttributeError):
        ctypes.CDLL("libc.so.6").malloc_trim(0)
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE")
