"""The same rows to the byte, in real time or not, whatever the batches."""

import random
import subprocess
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from commands import T0, csv_file, process, starwatch

TEXTS = ("jsonl", "csv", "log", "log-exact")


def ratings(seed, rows, *, step_s=0, disorder_s=0):
    """Lines of a file: a few products, event times that rise, and stray around that."""
    draw = random.Random(seed)  # noqa: S311 - repeatable, not secret
    lines = []
    for row in range(rows):
        time = 1_600_000_000 + row * step_s + draw.randint(-disorder_s, disorder_s)
        lines.append(f"u{row},p{draw.randrange(4)},{draw.randint(1, 5)},{time}")
        if row % 17 == 5:
            lines.append("no rating")
        if row % 23 == 7:
            lines.append("-")
    return lines


def outputs(folder):
    folder.mkdir()
    kinds = (*TEXTS, "parquet")
    kept = ("--rejects", folder / "rejects", "--late", folder / "late", "--quiet")
    return (*(p for kind in kinds for p in ("--output", f"{kind}:{folder / kind}")), *kept)


def written(folder):
    """Everything that a run wrote: bytes, and the rows of the Parquet file."""
    texts = {kind: (folder / kind).read_bytes() for kind in (*TEXTS, "rejects", "late")}
    return texts | {"parquet": pq.read_table(folder / "parquet").to_pylist()}


CASES = {
    "one file": (
        [ratings(1, 40)],
        ("--every", "50ms", "--window", "500ms/100ms", "--window", "1s"),
    ),
    "three files of unequal length, corrected": (
        [ratings(2, 30, step_s=1, disorder_s=9), ratings(3, 11, step_s=2), ratings(4, 1)],
        ("--every", "50ms", "--time", "event", "--bound", "2s", "--lateness", "4s"),
    ),
    "disorder, late and corrected": (
        [ratings(5, 60, step_s=2, disorder_s=20), ratings(6, 50, step_s=2, disorder_s=40)],
        ("--speed", "60x", "--order", "file", "--lateness", "10s", "--window", "10s/5s"),
    ),
    "sorted by time": (
        [ratings(7, 60, step_s=2, disorder_s=20), ratings(8, 50, step_s=2)],
        ("--speed", "60x", "--window", "20s/5s", "--window", "1m", "--limit", "100"),
    ),
    "laps": (
        [ratings(9, 12, step_s=1), ratings(10, 5)],
        ("--rate", "20", "--loop", "--limit", "45", "--window", "200ms/100ms"),
    ),
}


@dataclass(frozen=True, slots=True)
class Paced:
    """A replay in real time, on its way."""

    call: tuple
    folder: Path
    child: subprocess.Popen


@pytest.fixture(scope="module")
def paced(tmp_path_factory):
    """All cases at once, for they only wait."""
    with ExitStack() as stack:
        runs = {}
        for case, (contents, options) in CASES.items():
            folder = tmp_path_factory.mktemp("paced")
            files = [csv_file(folder / f"{n}.csv", *lines) for n, lines in enumerate(contents)]
            call = ("replay", *files, "--start", T0, *options)
            child = stack.enter_context(process(*call, *outputs(folder / "out")))
            runs[case] = Paced(call, folder / "out", child)
        yield runs


@pytest.mark.parametrize("case", CASES)
def test_real_time_and_batches_change_no_byte(case, paced, tmp_path):
    run = paced[case]
    sizes = (None, 1, 7, 65_536)
    for size in sizes:
        cut = () if size is None else ("--batch-size", size)
        done = starwatch(*run.call, "--as-fast-as-possible", *cut, *outputs(tmp_path / str(size)))
        assert (done.code, done.out, done.err) == (0, "", "")
    out, err = run.child.communicate(timeout=60)
    assert (run.child.returncode, out, err) == (0, "", "")
    wanted = written(run.folder)
    assert len(wanted["parquet"]) > 10
    assert wanted["rejects"]
    if "corrected" in case:
        assert any(row["revision"] for row in wanted["parquet"])
    if case == "disorder, late and corrected":
        assert wanted["late"]
    for size in sizes:
        assert written(tmp_path / str(size)) == wanted


def test_a_file_read_in_several_blocks_is_the_same_at_any_batch_size(tmp_path):
    # Four megabytes are decoded at once; this is more.
    path = tmp_path / "long.csv"
    path.write_text("".join(f"reviewer,{row % 7},5,{'1' * 10}\n" for row in range(200_000)))
    short = csv_file(tmp_path / "short.csv", *ratings(11, 30))
    folders = []
    for size in (7_777, 1 << 18):
        folders.append(tmp_path / str(size))
        call = ("replay", path, short, "--every", "10ms", "--start", T0, "--batch-size", size)
        assert starwatch(*call, "--as-fast-as-possible", *outputs(folders[-1])).code == 0
    assert written(folders[0]) == written(folders[1])
