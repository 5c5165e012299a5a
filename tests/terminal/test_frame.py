"""The table, the plain lines and the order of rows, as exact text."""

import numpy as np
import pyarrow as pa
import pytest

from starwatch.admission.ledger import Books
from starwatch.ports import RowContext
from starwatch.ratings.scale import Scale
from starwatch.terminal.frame import Look, Stream, frame
from starwatch.terminal.order import SortKey, top
from starwatch.terminal.plain import lines
from starwatch.terminal.previous import PreviousMeans
from starwatch.windows.job import Job
from starwatch.windows.products import ProductIds
from starwatch.windows.rows import WindowRows
from starwatch.windows.spec import WindowSpec

END = 1_622_505_605_000
IDS = ["0000143502", "013022183X", "B00商品", "z\n"]
JOB = Job(windows=(WindowSpec(), WindowSpec(3_600_000, 3_600_000)))
CONTEXT = RowContext(JOB, ProductIds(pa.array(IDS)))
STARS = [[0, 0, 0, 0, 1], [0, 2, 0, 1, 5], [1, 1, 0, 0, 0], [0, 0, 0, 1100, 134]]


def rows(stars: list[list[int]], *, end: int = END, spec: int = 0, revision: int = 0) -> WindowRows:
    n = len(stars)
    return WindowRows(
        np.full(n, spec, np.int16),
        np.arange(n, dtype=np.int32),
        np.full(n, end),
        np.array(stars, np.int32).reshape(n, 5),
        np.full(n, revision, np.int32),
    )


def previous(*closed: WindowRows) -> PreviousMeans:
    means = PreviousMeans(JOB)
    for part in closed:
        means.closed(part)
    return means


def text(of: WindowRows, look: Look, *closed: WindowRows, **stream: object) -> list[str]:
    books = stream.pop("books", Books(received=1260, counted=1250, late=3, rejected=7))
    mark, rate = stream.pop("watermark_ms", END - 7000), stream.pop("rate", 1234.4)
    at = Stream(END - 2000, mark, rate, books, **stream)
    drawn = frame(of, at, look, context=CONTEXT, previous=previous(*closed))
    return ["".join(piece for piece, _ in line).rstrip() for line in drawn]


def test_a_frame_is_this() -> None:
    before = rows([[0, 0, 0, 0, 2], [0, 0, 0, 1, 0], [0, 1, 0, 0, 0]], end=END - 5000)
    assert text(rows(STARS), Look(), before) == [
        "Starwatch   stream 2021-06-01 00:00:03   watermark 2021-05-31 23:59:58   1,234 ratings/s",
        "received 1,260   counted 1,250   late 3   rejected 7",
        "30s/5s: 23:59:35 to 00:00:05, ○ provisional, by count",
        "product     mean  count  stars  change",
        "z\\n         4.11  1,234  ▁▁▁█▂  new     ○",
        "013022183X  4.12      8  ▁▄▁▂█  ▲ 0.12  ○",
        "B00商品     1.50      2  ██▁▁▁  ▼ 0.50  ○",
        "0000143502  5.00      1  ▁▁▁▁█  =       ○",
        "",
        "s sort   w window   p pause   q quit",
    ]


def test_the_share_that_is_done_is_shown_where_it_is_known() -> None:
    assert text(rows(STARS), Look(), fraction=0.42)[0].endswith("1,234 ratings/s   42% done")


def test_a_frame_fits_its_height_and_counts_the_rest() -> None:
    drawn = text(rows(STARS), Look(height=8, sort=SortKey.MEAN))
    assert len(drawn) == 8
    assert [line[:10].strip() for line in drawn[4:6]] == ["0000143502", "013022183X"]
    assert drawn[6] == "… and 2 more"


def test_the_names_of_a_catalogue_stand_behind_the_ids() -> None:
    names = {"0000143502": "A film"}
    look = Look(names=lambda product: names.get(product, ""), sort=SortKey.PRODUCT)
    drawn = text(rows(STARS[:2]), look)
    assert drawn[3:5] == [
        "product     name    mean  count  stars  change",
        "0000143502  A film  5.00      1  ▁▁▁▁█  new     ○",
    ]


def test_what_must_be_seen_is_in_words() -> None:
    drawn = text(
        rows([]),
        Look(keys=False, spec=1),
        watermark_ms=None,
        rate=5.0,
        paused=True,
        books=Books(received=3, counted=1, duplicate=1),
    )
    assert drawn == [
        "Starwatch   stream 2021-06-01 00:00:03   watermark none yet   5 ratings/s   paused",
        "received 3   counted 1   duplicate 1   late 0   rejected 0   THE BOOKS DO NOT BALANCE",
        "1h/1h: no rating in an open window",
        "product  mean  count  stars  change",
        "",
        "Ctrl-C stops",
    ]


def model(of: WindowRows, sort: SortKey, before: dict[int, float]) -> list[int]:
    """The order by sorting all rows in plain Python."""
    scale, found = Scale(), []
    for n, stars in enumerate(of.stars.tolist()):
        count = sum(stars)
        mean = sum(s * float(v) for s, v in zip(stars, scale.values, strict=True)) / count
        change = -abs(mean - before[n]) if n in before else 1
        key = {
            SortKey.COUNT: (-count,),
            SortKey.MEAN: (-round(mean, 2), -count),
            SortKey.CHANGE: (round(change, 5),),
            SortKey.PRODUCT: (),
        }[sort]
        found.append((*key, n))
    return [entry[-1] for entry in sorted(found)]


@pytest.mark.parametrize("sort", list(SortKey))
@pytest.mark.parametrize("limit", [0, 1, 7, 99, 100, 200])
def test_the_top_is_the_head_of_a_full_sort(sort: SortKey, limit: int) -> None:
    rng = np.random.default_rng(limit)
    of = rows((rng.integers(0, 3, (100, 5)) + np.eye(5, dtype=int)[4]).tolist())
    stars = (rng.integers(0, 2, (40, 5)) + np.eye(5, dtype=int)[0]).tolist()
    before = {n: sum(s * (i + 1) for i, s in enumerate(r)) / sum(r) for n, r in enumerate(stars)}
    means = previous(rows(stars, end=END - 5000))
    found = top(of, sort, limit, scale=Scale(), previous=means).tolist()
    assert found == model(of, sort, before)[:limit]


def test_keys_come_round() -> None:
    sort, seen = SortKey.COUNT, []
    for _ in SortKey:
        seen.append(sort)
        sort = sort.following
    assert (sort, set(seen)) == (SortKey.COUNT, set(SortKey))


def test_the_newest_closed_window_is_the_one_before() -> None:
    codes = np.array([0, 1, 9], np.int32)
    one, two, three = [1, 0, 0, 0, 0], [0, 1, 0, 0, 0], [0, 0, 1, 0, 0]
    both = WindowRows.concat([rows([one, one], end=END - 5000), rows([two], end=END)])
    means = previous(both, rows([three], end=END, spec=1))
    assert means.means(0, codes) == [2, 1, None]
    assert means.means(1, codes) == [3, None, None]
    means.closed(rows([three, three], end=END - 5000, revision=1))
    assert means.means(0, codes) == [2, 3, None]


def test_plain_lines_are_these() -> None:
    closed = WindowRows.concat(
        [
            rows([[0, 0, 0, 0, 1], [0, 2, 0, 1, 5]]),
            rows([[0, 0, 0, 0, 1]], spec=1, end=1_622_505_600_000),
            rows([[0, 0, 0, 0, 2]], revision=1),
            rows([[0, 0, 0, 1, 2]], revision=2),
        ]
    )
    assert lines(closed, CONTEXT) == [
        "00:00:05 30s/5s 013022183X 4.12 (8) ▁▄▁▂█",
        "00:00:05 30s/5s 0000143502 5.00 (1) ▁▁▁▁█",
        "2021-06-01 00:00 1h/1h 0000143502 5.00 (1) ▁▁▁▁█",
        "00:00:05 30s/5s 0000143502 5.00 (2) ▁▁▁▁█ correction 1",
        "00:00:05 30s/5s 0000143502 4.67 (3) ▁▁▁▅█ correction 2",
    ]


def test_plain_lines_are_ten_a_close() -> None:
    many = RowContext(JOB, ProductIds(pa.array([f"{n:04d}" for n in range(1244)])))
    of = rows([[0, 0, 0, 0, 1 + n % 7] for n in range(1244)])
    shown = lines(WindowRows.concat([of, rows([[1, 0, 0, 0, 0]], end=END + 5000)]), many)
    assert len(shown) == 12
    assert [line.split()[2] for line in shown[:3]] == ["0006", "0013", "0020"]
    assert shown[10] == "00:00:05 30s/5s … and 1,234 more"
    assert shown[11].startswith("00:00:10 30s/5s 0000 1.00")


def test_no_rows_are_no_lines() -> None:
    assert lines(WindowRows.empty(5), CONTEXT) == []
