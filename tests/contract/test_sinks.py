"""What every sink promises, asked of each one that can be named."""

import csv
import json
import os
import random
import sys
import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import ROUND_HALF_EVEN, Context, Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from starwatch.errors import BadSetting, OutputFailed
from starwatch.ports import RowContext, Sink
from starwatch.ratings.scale import Scale
from starwatch.sinks.registry import Output, open_output, sink_names
from starwatch.windows.job import Job
from starwatch.windows.products import ProductIds
from starwatch.windows.rows import WindowRows
from starwatch.windows.spec import WindowSpec

END = 1_622_505_603_000  # 2021-06-01T00:00:03Z
NASTY = [
    "0000143502",
    "013022183X",
    'quo"te',
    "com,ma",
    "back\\slash",
    "line\nfeed",
    "car\rriage",
    "tab\tnul\x00bell\x07",
    "",
    " spaces ",
    "Zürich ☃ 商品 🚀",
    "\u2028\u202e\ufeff",
    "'; DROP TABLE",
    "=1+1",
    "(x\n,5)",
    "x" * 512,
]
TEXT = ["csv", "jsonl", "log", "log-exact"]
ROWS_FROM = Callable[[Path, Scale], list[dict[str, Any]]]


@pytest.fixture(params=sink_names())
def sink(request: pytest.FixtureRequest) -> str:
    return request.param


@pytest.fixture
def target(tmp_path: Path) -> Path:
    return tmp_path / "windows.out"


def context(
    windows: tuple[WindowSpec, ...] = (WindowSpec(),),
    scale: str = "1..5/1",
    ids: list[str] = NASTY,
) -> RowContext:
    return RowContext(
        Job(windows=windows, scale=Scale.parse(scale)), ProductIds(pa.array(ids, pa.string()))
    )


def rows(of: RowContext, number: int = 200, *, seed: int = 1, most: int = 4) -> WindowRows:
    """Made-up rows: windows of all specs, products of all kinds, a correction here and there."""
    rng = np.random.default_rng(seed)
    spec = rng.integers(0, len(of.job.windows), number).astype(np.int16)
    slides = np.array([w.slide_ms for w in of.job.windows])[spec]
    offsets = np.array([w.offset_ms for w in of.job.windows])[spec]
    stars = rng.integers(0, most, (number, of.job.scale.steps), np.int64, endpoint=True)
    stars[:, 0] += stars.sum(axis=1) == 0
    return WindowRows(
        spec=spec,
        product=rng.integers(0, len(of.products), number).astype(np.int32),
        end_ms=np.sort(END // slides * slides + offsets + rng.integers(0, 9, number) * slides),
        stars=stars,
        revision=(rng.integers(0, 10, number) == 0).astype(np.int32),
    )


def write(sink: str, target: Path, of: RowContext, *parts: WindowRows, flush: bool = False) -> None:
    opened = open_output(Output(sink, str(target)), of)
    for part in parts:
        opened.write(part)
        if flush:
            opened.flush()
    opened.close()


def split(whole: WindowRows, seed: int) -> list[WindowRows]:
    cuts = sorted(random.Random(seed).choices(range(len(whole) + 1), k=30))  # noqa: S311
    return [whole.take(slice(a, b)) for a, b in zip([0, *cuts], [*cuts, len(whole)], strict=True)]


def exact_mean(stars: list[int], scale: Scale) -> Fraction:
    total = sum(n * Fraction(v) for n, v in zip(stars, scale.values, strict=True))
    return total / sum(stars)


def half_even(value: Fraction) -> Decimal:
    return Decimal(round(value * 10**6)).scaleb(-6, Context(prec=60, rounding=ROUND_HALF_EVEN))


def moment(ms: int) -> datetime:
    return datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=ms)


def expected(of: RowContext, whole: WindowRows) -> list[dict[str, Any]]:
    """The rows as the model of this test sees them, one at a time, in fractions."""
    found = []
    for n in range(len(whole)):
        window = of.job.windows[whole.spec[n]]
        stars = [int(s) for s in whole.stars[n]]
        end = int(whole.end_ms[n])
        found.append(
            {
                "window": window.label,
                "product": of.products.texts(whole.product[n : n + 1])[0],
                "start": moment(end - window.size_ms),
                "end": moment(end),
                "count": sum(stars),
                "stars": stars,
                "mean": half_even(exact_mean(stars, of.job.scale)),
                "revision": int(whole.revision[n]),
            }
        )
    return found


def read_jsonl(path: Path, _: Scale) -> list[dict[str, Any]]:
    lines = path.read_bytes().decode().split("\n")
    assert lines.pop() == ""
    found = [json.loads(line, parse_float=Decimal) for line in lines]
    for row in found:
        row["start"], row["end"] = (datetime.fromisoformat(row[k]) for k in ("start", "end"))
    return found


def read_csv(path: Path, scale: Scale) -> list[dict[str, Any]]:
    with path.open(encoding="utf-8", newline="") as file:
        lines = list(csv.DictReader(file, strict=True))
    names = [f"stars_{str(float(v)).removesuffix('.0')}" for v in scale.values]
    return [
        {
            "window": row["window"],
            "product": row["product"],
            "start": datetime.fromisoformat(row["start"]),
            "end": datetime.fromisoformat(row["end"]),
            "count": int(row["count"]),
            "stars": [int(row[name]) for name in names],
            "mean": Decimal(row["mean"]),
            "revision": int(row["revision"]),
        }
        for row in lines
    ]


def read_parquet(path: Path, scale: Scale) -> list[dict[str, Any]]:
    names = [f"stars_{str(float(v)).removesuffix('.0')}" for v in scale.values]
    found = pq.read_table(path).to_pylist()
    for row in found:
        row["stars"] = [row.pop(name) for name in names]
        row["start"], row["end"] = (row[k].astimezone(UTC) for k in ("start", "end"))
    return found


READERS: dict[str, ROWS_FROM] = {"jsonl": read_jsonl, "csv": read_csv, "parquet": read_parquet}


def log_of(of: RowContext, whole: WindowRows, *, exact: bool) -> bytes:
    """The reference's log as the model of this test prints it."""
    text = ""
    for row in expected(of, whole):
        mean = exact_mean(row["stars"], of.job.scale)
        shown = str(int(mean))
        if exact:
            fits = (mean * 10**6).denominator == 1
            shown = f"{row['mean'].normalize():f}" if fits else f"{row['mean']:.6f}"
        text += f"({row['product']}\n,{shown})\n"
    return text.encode()


def assert_holds(sink: str, target: Path, of: RowContext, whole: WindowRows) -> None:
    if sink in READERS:
        assert READERS[sink](target, of.job.scale) == expected(of, whole)
    else:
        assert target.read_bytes() == log_of(of, whole, exact=sink == "log-exact")


@pytest.mark.parametrize(
    ("windows", "scale"),
    [
        (("30s/5s",), "1..5/1"),
        (("30s/5s", "1h", "1d/1h+15m"), "1..5/1"),
        (("30d/1d",), "0.5..5/0.5"),
        (("10s",), "-2..2/1"),
        (("10s",), "0..1/1"),
        (("1ms",), "1.0..5.0/0.25"),
        (("90s/250ms+3ms",), "-1..1/0.125"),
        (("10s",), "0..1000000/100000"),
    ],
)
def test_what_is_read_back_is_what_was_written(
    sink: str, target: Path, windows: tuple[str, ...], scale: str
) -> None:
    of = context(tuple(map(WindowSpec.parse, windows)), scale)
    whole = rows(of)
    write(sink, target, of, whole)
    assert_holds(sink, target, of, whole)


@pytest.mark.parametrize("flush", [False, True])
def test_many_small_writes_make_the_same_file_as_one(
    sink: str, tmp_path: Path, *, flush: bool
) -> None:
    of = context((WindowSpec(), WindowSpec(60_000, 10_000, 500)))
    whole = rows(of, 500)
    write(sink, tmp_path / "one", of, whole)
    write(sink, tmp_path / "many", of, *split(whole, 7), flush=flush)
    if sink in TEXT:
        assert (tmp_path / "many").read_bytes() == (tmp_path / "one").read_bytes()
    else:
        assert_holds(sink, tmp_path / "many", of, whole)


def test_more_rows_than_one_block_keep_their_order(sink: str, target: Path) -> None:
    of = context(ids=[f"{n:010d}" for n in range(5000)])
    whole = rows(of, 300_000)
    write(sink, target, of, *(whole.take(slice(n, n + 70_001)) for n in range(0, 300_000, 70_001)))
    products = of.products.texts(whole.product)
    if sink == "parquet":
        assert pq.read_table(target)["product"].to_pylist() == products
        assert pq.ParquetFile(target).num_row_groups == 3
    elif sink == "jsonl":
        lines = target.read_bytes().splitlines()
        assert [json.loads(line)["product"] for line in lines] == products
    elif sink == "csv":
        with target.open(newline="") as file:
            assert [row["product"] for row in csv.DictReader(file)] == products
    else:
        assert target.read_text().splitlines()[::2] == [f"({p}" for p in products]


def test_no_rows_make_a_file_without_rows(sink: str, target: Path) -> None:
    of = context()
    write(sink, target, of, WindowRows.empty(5), WindowRows.empty(5), flush=True)
    assert_holds(sink, target, of, WindowRows.empty(5))
    if sink in TEXT:
        assert target.read_bytes().count(b"\n") == (sink == "csv")


def test_empty_writes_between_rows_add_nothing(sink: str, target: Path) -> None:
    of = context()
    whole, none = rows(of, 3), WindowRows.empty(5)
    write(sink, target, of, none, whole, none)
    assert_holds(sink, target, of, whole)


def test_counts_beyond_32_bits_are_exact(sink: str, target: Path) -> None:
    of = context()
    whole = rows(of, 50, most=2**40)
    write(sink, target, of, whole)
    assert_holds(sink, target, of, whole)


def test_products_that_appear_after_the_sink_was_opened_are_named(sink: str, target: Path) -> None:
    of = context(ids=["first"])
    opened = open_output(Output(sink, str(target)), of)
    early = rows(of, 5)
    opened.write(early)
    of.products.encode(pa.array(["second", "third"]))
    late = rows(of, 20)
    opened.write(late)
    opened.close()
    assert_holds(sink, target, of, WindowRows.concat([early, late]))


def test_narrow_and_wide_histograms_can_be_mixed(sink: str, target: Path) -> None:
    of = context()
    wide = rows(of, 10)
    narrow = WindowRows(
        wide.spec, wide.product, wide.end_ms, wide.stars.astype(np.int32), wide.revision
    )
    write(sink, target, of, narrow, wide)
    assert_holds(sink, target, of, WindowRows.concat([narrow, wide]))


def test_rows_taken_from_a_larger_block_are_written_alone(sink: str, target: Path) -> None:
    of = context()
    part = rows(of, 100).take(slice(10, 60, 7))
    write(sink, target, of, part)
    assert_holds(sink, target, of, part)


def test_closing_twice_is_harmless(sink: str, target: Path) -> None:
    of = context()
    whole = rows(of, 4)
    opened = open_output(Output(sink, str(target)), of)
    opened.write(whole)
    opened.close()
    opened.close()
    assert_holds(sink, target, of, whole)


def test_a_file_that_is_there_is_replaced(sink: str, target: Path) -> None:
    of = context()
    target.write_text("something old and long\n" * 1000)
    whole = rows(of, 2)
    write(sink, target, of, whole)
    assert_holds(sink, target, of, whole)
    assert list(target.parent.iterdir()) == [target]


def test_a_missing_folder_is_named(sink: str, tmp_path: Path) -> None:
    with pytest.raises(BadSetting, match=r"no such file.*Create its folder first"):
        open_output(Output(sink, str(tmp_path / "none" / "w")), context())


def test_a_folder_is_refused(sink: str, tmp_path: Path) -> None:
    with pytest.raises(BadSetting, match=r"is a directory.*Name a file inside"):
        open_output(Output(sink, str(tmp_path)), context())


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has other names for such places")
def test_a_file_as_folder_is_refused(sink: str, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(BadSetting, match="not a directory"):
        open_output(Output(sink, str(tmp_path / "file" / "w")), context())


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="only Linux has a disk always full")
@pytest.mark.parametrize(
    "sink", TEXT
)  # not Parquet: a mistake in its renaming would end the device
def test_a_full_disk_is_said_and_not_said_twice(sink: str) -> None:
    of = context()
    opened: Sink | None = None
    with pytest.raises(OutputFailed, match=r"/dev/full cannot be written.*Make room"):  # noqa: PT012
        opened = open_output(Output(sink, "/dev/full"), of)
        opened.write(rows(of, 200_000))
        opened.close()
    if opened:
        opened.close()


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no limit on the size of files")
def test_a_write_that_fails_in_the_middle_is_said_and_not_said_twice(
    sink: str, target: Path
) -> None:
    import resource  # noqa: PLC0415

    of = context(ids=[f"{n:010d}" for n in range(50_000)])
    many = rows(of, 300_000, most=10**6)
    target.write_text("old")
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    opened = open_output(Output(sink, str(target)), of)
    resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, limits[1]))
    try:
        with pytest.raises(OutputFailed, match="file too large"):  # noqa: PT012
            opened.write(many)
            opened.close()
        opened.close()
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert list(target.parent.iterdir()) == [target]
    if sink == "parquet":
        assert target.read_text() == "old"
    else:
        assert target.stat().st_size == 100_000


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no named pipes in folders")
def test_a_pipe_is_written_and_stays_a_pipe(sink: str, tmp_path: Path) -> None:
    of = context()
    whole = rows(of, 20)
    pipe, copy = tmp_path / "pipe", tmp_path / "copy"
    os.mkfifo(pipe)
    reader = threading.Thread(target=lambda: copy.write_bytes(pipe.read_bytes()))
    reader.start()
    write(sink, pipe, of, whole)
    reader.join()
    assert pipe.is_fifo()
    assert_holds(sink, copy, of, whole)


def test_standard_output_gets_the_same_bytes(
    sink: str, target: Path, capfdbinary: pytest.CaptureFixture[bytes]
) -> None:
    of = context()
    whole = rows(of, 50)
    if sink == "parquet":
        with pytest.raises(BadSetting, match="standard output"):
            open_output(Output(sink, "-"), of)
        return
    write(sink, target, of, whole)
    write(sink, Path("-"), of, whole)
    assert capfdbinary.readouterr().out == target.read_bytes()
    print("still open")  # noqa: T201
    assert capfdbinary.readouterr().out.split() == [b"still", b"open"]


def test_what_was_flushed_can_be_read_before_the_end(sink: str, target: Path) -> None:
    of = context()
    whole = rows(of, 30)
    opened = open_output(Output(sink, str(target)), of)
    for first in (0, 10, 20):
        opened.write(whole.take(slice(first, first + 10)))
        opened.flush()
        if sink == "parquet":  # an open Parquet file cannot be read, so it has no name yet
            assert not target.exists()
        else:
            assert_holds(sink, target, of, whole.take(slice(first + 10)))
    opened.close()
    assert_holds(sink, target, of, whole)
