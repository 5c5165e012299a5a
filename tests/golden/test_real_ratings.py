"""Real ratings through the command: what others worked out by hand, logged, or query by SQL."""

import json
from decimal import Decimal
from itertools import pairwise

import pytest
from batch_sql import Batch, Window

from commands import T0_MS, replay

S30 = Window("30s/5s", 30_000, 5_000)
DAY = 86_400_000


@pytest.fixture
def movies(shared_data):
    return shared_data / "movies_and_tv_first_252.csv"


def two_digits(number):
    return Decimal(number).quantize(Decimal("0.01"))


def test_the_six_windows_worked_out_by_hand(shared_data, movies):
    by_hand = json.loads(
        (shared_data / "movies_and_tv_first_six_windows.json").read_text(), parse_float=Decimal
    )["windows"]
    assert len(by_hand) == 6
    # The lines for people round to two digits as the table does.
    lines = [line.split() for line in replay(movies, "--every", "1s").out.splitlines()]
    ends = [f"00:00:{5 * k:02d}" for k in range(1, 7)]
    ours = [{product: Decimal(m) for e, _, product, m, *_ in lines if e == end} for end in ends]
    assert ours == [{product: two_digits(m) for product, m in w.items()} for w in by_hand]


def test_the_exact_log_has_the_means_that_the_log_of_2021_cut(movies):
    done = replay(movies, "--every", "1s", "--output", "log-exact")
    assert "(0000589012\n,3.8)\n" in done.out
    assert "(0000589012\n,4.103448)\n" in done.out  # 119/29


def test_the_log_of_2021(shared_data, movies, tmp_path):
    # The reference's first row came 3 s after a multiple of 5 s.
    files = {kind: tmp_path / kind for kind in ("log", "jsonl")}
    outputs = [part for kind, file in files.items() for part in ("--output", f"{kind}:{file}")]
    replay(movies, "--every", "1s", "--start", str(T0_MS + 3000), *outputs)
    theirs = tuples(shared_data / "flink_2021_movies_and_tv.log")
    ours = tuples(files["log"])
    rows = [json.loads(line) for line in files["jsonl"].read_text().splitlines()]
    assert len(rows) == len(ours)
    assert rows[0]["start"] == "2021-05-31T23:59:35.000Z"
    ends = sorted({row["end"] for row in rows})
    cuts = [0, *(sum(row["end"] <= end for row in rows) for end in ends[:55])]
    assert cuts[-1] > 100
    for number, (start, stop) in enumerate(pairwise(cuts), 1):
        assert sorted(ours[start:stop]) == sorted(theirs[start:stop]), f"window {number}"


def tuples(path):
    """The tuples of a log, which take two lines each."""
    lines = path.read_text().splitlines()
    assert all(
        a.startswith("(") and b.endswith(")") for a, b in zip(*[iter(lines)] * 2, strict=True)
    )
    return [(a[1:], b[1:-1]) for a, b in zip(*[iter(lines)] * 2, strict=True)]


def compare(batch, windows, parquet, *, least):
    batch.expect(*windows)
    assert batch.one("SELECT count(*) FROM expected") >= least
    assert batch.differences(parquet) == []


def played(path, tmp_path, windows, *arguments):
    """The Parquet output of a replay."""
    file = tmp_path / "rows.parquet"
    labels = [part for window in windows for part in ("--window", window.label)]
    done = replay(path, "--output", f"parquet:{file}", *labels, *arguments)
    assert "both books balance" in done.err
    return file


@pytest.mark.parametrize("start", [0, 3_000, 4_999])
def test_all_252_rows_as_sql_has_them(movies, tmp_path, start):
    file = played(movies, tmp_path, [S30], "--every", "1s", "--start", str(T0_MS + start))
    with Batch(movies) as batch:
        assert batch.one("SELECT count(*) FROM ratings") == 252
        batch.by_arrival(T0_MS + start, 1000)
        compare(batch, [S30], file, least=140)


def test_several_windows_at_once_as_sql_has_them(movies, tmp_path):
    windows = [Window("1m/1m", 60_000, 60_000), S30, Window("2m/10s", 120_000, 10_000)]
    file = played(movies, tmp_path, windows, "--every", "1s")
    with Batch(movies) as batch:
        batch.by_arrival(T0_MS, 1000)
        compare(batch, windows, file, least=250)


def test_electronics_as_sql_has_them(shared_data, tmp_path):
    path = shared_data / "amazon_electronics_first_20k.csv"
    file = played(path, tmp_path, [S30], "--every", "10ms")
    with Batch(path) as batch:
        assert batch.one("SELECT count(*) FROM ratings") == 20_000
        batch.by_arrival(T0_MS, 10)
        compare(batch, [S30], file, least=5_000)


def test_electronics_by_event_time_whatever_the_order_of_the_file(shared_data, tmp_path):
    path = shared_data / "amazon_electronics_first_20k.csv"
    windows = [Window("7d/1d", 7 * DAY, DAY), Window("30d/30d", 30 * DAY, 30 * DAY)]
    file = played(path, tmp_path, windows)
    with Batch(path) as batch:
        batch.by_event()
        compare(batch, windows, file, least=100_000)


@pytest.fixture
def movielens(shared_data):
    path = shared_data / "movielens_small_ratings.csv"
    with Batch(path, header=True, half_stars=True) as batch:
        assert batch.one("SELECT count(*) FROM ratings") == 100_836
        batch.by_event()
        yield path, batch


@pytest.mark.parametrize(
    "windows",
    [
        [Window("30d/1d", 30 * DAY, DAY)],
        pytest.param([Window("1h/1h", DAY // 24, DAY // 24), S30], marks=pytest.mark.slow),
    ],
    ids=lambda windows: " ".join(window.label for window in windows),
)
def test_movielens_by_event_time_as_sql_has_it(movielens, tmp_path, windows):
    path, batch = movielens
    file = played(path, tmp_path, windows, "--scale", "0.5..5/0.5")
    compare(batch, windows, file, least=500_000)
