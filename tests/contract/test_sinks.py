"""What every sink promises of its rows, asked of each one that can be named."""

import csv
import json
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from sink_rows import TEXT, assert_holds, context, rows, split, write

from starwatch.sinks.registry import Output, open_output
from starwatch.windows.rows import WindowRows
from starwatch.windows.spec import WindowSpec


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
