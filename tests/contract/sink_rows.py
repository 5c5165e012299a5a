"""Made-up rows, the model of what sinks write, and readers of each format."""

import csv
import json
import random
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import ROUND_HALF_EVEN, Context, Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from starwatch.ports import RowContext
from starwatch.ratings.scale import Scale
from starwatch.sinks.registry import Output, open_output
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


def corrected(of: RowContext, number: int = 300) -> WindowRows:
    """Rows as an engine emits them: of each window first revision 0, later ones in their order.

    Some are of windows that are older than those before them.
    """
    found = rows(of, number)
    late = np.arange(number)
    late[10::11] = late[9::11][: len(late[10::11])] // 2
    found = found.take(late)
    seen: dict[tuple[int, ...], int] = {}
    for n in range(number):
        of_window = (int(found.spec[n]), int(found.product[n]), int(found.end_ms[n]))
        found.revision[n] = seen[of_window] = seen.get(of_window, -1) + 1
    return found


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
