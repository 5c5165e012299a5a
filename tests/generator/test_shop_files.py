"""Files: every form holds the same ratings; a file is whole or not there."""

import csv
import gzip
import json
import os
from dataclasses import replace
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from starwatch.errors import BadSetting, OutputFailed
from starwatch.generator import Shop, ShopOptions
from starwatch.generator.files import Form, Writing, write_catalogue, write_file, write_labels
from starwatch.ratings.scale import Scale

OPTIONS = ShopOptions(products=50, rate=20, span_ms=60_000, disorder_ms=3000, seed=7, incidents=4)
BROKEN = replace(OPTIONS, rate=100, malformed=0.1, incidents=0)


def read(path: Path) -> bytes:
    raw = path.read_bytes()
    if path.suffix == ".gz":
        return gzip.decompress(raw)
    if path.suffix == ".zst":
        return pa.input_stream(path).read()
    return raw


def written(shop: Shop, path: Path, *, ids: bool = False) -> bytes:
    rows = write_file(shop, path, Writing(ids=ids))
    assert rows == sum(map(len, shop.chunks()))
    assert list(path.parent.glob(".*")) == []
    return read(path)


@pytest.mark.parametrize("ids", [False, True])
def test_every_form_holds_the_same_ratings(tmp_path, ids):
    shop = Shop(OPTIONS)
    plain = written(shop, tmp_path / "a.csv", ids=ids)
    rows = list(csv.DictReader(plain.decode().splitlines()))
    assert list(rows[0]) == ["reviewerID", "productID", "rating", "timestamp", "id"][: 4 + ids]
    for ending in (".csv.gz", ".csv.zst"):
        assert written(shop, tmp_path / f"a{ending}", ids=ids) == plain
    lines = written(shop, tmp_path / "a.jsonl", ids=ids)
    for ending in (".jsonl.gz", ".jsonl.zst"):
        assert written(shop, tmp_path / f"a{ending}", ids=ids) == lines
    objects = [json.loads(line) for line in lines.splitlines()]
    assert [{k: str(v) for k, v in each.items()} for each in objects] == rows
    written(shop, tmp_path / "a.parquet", ids=ids)
    assert pq.read_table(tmp_path / "a.parquet").to_pylist() == objects


@pytest.mark.parametrize("ending", [".csv", ".csv.gz", ".csv.zst", ".jsonl.gz", ".parquet"])
def test_the_same_ratings_are_the_same_bytes(tmp_path, ending):
    first, second = tmp_path / f"first{ending}", tmp_path / f"second{ending}"
    write_file(Shop(OPTIONS), first, Writing())
    write_file(Shop(OPTIONS), second, Writing())
    assert first.read_bytes() == second.read_bytes()


def test_half_stars_are_written_with_one_digit(tmp_path):
    shop = Shop(replace(OPTIONS, scale=Scale.parse("0.5..5/0.5")))
    text = written(shop, tmp_path / "a.csv").decode()
    found = {row["rating"] for row in csv.DictReader(text.splitlines())}
    assert found <= {f"{half / 2:.1f}" for half in range(1, 11)}
    written(shop, tmp_path / "a.parquet")
    assert pq.read_schema(tmp_path / "a.parquet").field("rating").type == pa.float64()


def test_malformed_lines_of_csv(tmp_path):
    lines = written(Shop(BROKEN), tmp_path / "a.csv").decode().splitlines()[1:]
    fields = [line.split(",") for line in lines]
    assert "" not in lines
    assert any(line == "%% connection reset %%" for line in lines)
    assert any(len(row) == 4 and row[1] == "" for row in fields)
    assert any(len(row) == 4 and row[2] == "" for row in fields)
    assert {row[2] for row in fields if len(row) == 4} == {"", "1", "2", "3", "4", "5", "6", "five"}
    assert any(row[-1] == "yesterday" for row in fields)
    assert any(len(row) == 2 for row in fields)


def test_malformed_lines_of_json(tmp_path):
    sound = broken = 0
    kinds = set()
    for line in written(Shop(BROKEN), tmp_path / "a.jsonl").splitlines():
        try:
            row = json.loads(line)
        except ValueError:
            broken += 1
            continue
        sound += 1
        kinds.add((len(row), type(row.get("rating")), type(row.get("timestamp"))))
    assert broken > 100
    none = type(None)
    assert kinds == {(4, int, int), (3, int, int), (3, none, int), (4, str, int), (4, int, str)}
    assert sound > 5000


def test_parquet_refuses_malformed_rows(tmp_path):
    with pytest.raises(BadSetting, match="cannot hold malformed"):
        write_file(Shop(BROKEN), tmp_path / "a.parquet", Writing())
    assert list(tmp_path.iterdir()) == []


def test_an_unknown_ending_is_refused():
    with pytest.raises(BadSetting, match=r"ending of a\.txt.*\.csv\.gz"):
        Form.of(Path("a.txt"))


@pytest.mark.parametrize("ending", [".csv", ".csv.gz", ".csv.zst", ".parquet"])
def test_nothing_is_left_of_a_file_that_was_interrupted(tmp_path, ending):
    def interrupt(_rows: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write_file(Shop(OPTIONS), tmp_path / f"a{ending}", Writing(progress=interrupt))
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("ending", [".csv.gz", ".parquet"])
def test_a_missing_folder_is_one_line(tmp_path, ending):
    with pytest.raises(OutputFailed, match="Check that its folder exists"):
        write_file(Shop(OPTIONS), tmp_path / "nowhere" / f"a{ending}", Writing())


def test_a_folder_or_a_device_is_never_replaced(tmp_path):
    (tmp_path / "folder.csv").mkdir()
    with pytest.raises(BadSetting, match="is not a regular file"):
        write_file(Shop(OPTIONS), tmp_path / "folder.csv", Writing())
    with pytest.raises(BadSetting, match="is not a regular file"):
        write_labels(Shop(OPTIONS), Path(os.devnull))


def test_labels_tell_what_happens_when(tmp_path):
    shop = Shop(OPTIONS)
    write_labels(shop, tmp_path / "labels.csv")
    rows = list(csv.DictReader((tmp_path / "labels.csv").read_text().splitlines()))
    assert [row["kind"] for row in rows] == ["decline", "bombing", "boost", "popularity"]
    ids = set(shop.catalogue().ids.to_pylist())
    for row in rows:
        assert list(row) == ["kind", "product", "start", "end", "detail"]
        assert row["product"] in ids
        assert "2026-01-01T00:00:00.000Z" < row["start"] < row["end"] < "2026-01-01T00:01:00.000Z"
        assert row["detail"]


def test_the_catalogue_is_a_csv_file(tmp_path):
    shop = Shop(OPTIONS)
    write_catalogue(shop, tmp_path / "catalogue.csv")
    text = (tmp_path / "catalogue.csv").read_text()
    assert text.startswith("product,name,category\n")
    assert list(csv.DictReader(text.splitlines())) == shop.catalogue().table().to_pylist()


def test_the_example_of_the_docs_runs():
    page = (Path(__file__).parents[2] / "docs" / "generator.md").read_text(encoding="utf-8")
    example = page.split("```python\n")[1].split("```")[0]
    found: dict[str, object] = {}
    exec(example, found)  # noqa: S102
    assert found["rows"] > 200
