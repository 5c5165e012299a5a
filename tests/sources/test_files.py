import bz2
import gzip
from dataclasses import replace

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from starwatch.codecs.options import InputOptions
from starwatch.errors import BadSetting, BrokenInput, MissingInput, UnknownColumn
from starwatch.ratings.scale import Scale
from starwatch.sources.files import expand, format_of, open_files

ROWS = b"".join(b"A%d,B%d,%d,%d\n" % (i, i % 97, 1 + i % 5, 10**9 + i) for i in range(20_000))


def opened(*paths, scale="1..5", **options):
    return open_files([str(path) for path in paths], InputOptions(**options), Scale.parse(scale))


def count(source):
    return sum(map(len, source.blocks()))


def zstd(data):
    out = pa.BufferOutputStream()
    with pa.CompressedOutputStream(out, "zstd") as stream:
        stream.write(data)
    return out.getvalue().to_pybytes()


PACK = {"": bytes, ".gz": gzip.compress, ".bz2": bz2.compress, ".zst": zstd}


@pytest.mark.parametrize("ending", PACK)
@pytest.mark.parametrize("block_bytes", [100_000, 4 << 20])
def test_plain_and_packed_files(tmp_path, ending, block_bytes):
    path = tmp_path / f"r.csv{ending}"
    path.write_bytes(PACK[ending](ROWS))
    (source,) = opened(path, block_bytes=block_bytes)
    blocks = list(source.blocks())
    positions = np.concatenate([block.position for block in blocks])
    assert positions.tolist() == list(range(20_000))
    assert source.read_bytes == source.total_bytes == path.stat().st_size
    assert source.name == str(path)
    assert source.found()["product"] == "column 1"


def test_members_of_a_gzip_file_are_read_one_after_the_other(tmp_path):
    path = tmp_path / "r.csv.gz"
    path.write_bytes(gzip.compress(ROWS) + gzip.compress(ROWS))
    assert count(opened(path)[0]) == 40_000


@pytest.mark.parametrize("ending", [".gz", ".zst", ".bz2"])
def test_a_cut_file_gives_what_came_before_the_cut(tmp_path, ending):
    path = tmp_path / f"r.csv{ending}"
    packed = PACK[ending](ROWS)
    # bzip2 packs all of it as one block, of which a part tells nothing.
    path.write_bytes(packed[: len(packed) // 2])
    (source,) = opened(path)
    got = 0
    with pytest.raises(BrokenInput) as caught:  # noqa: PT012 - the ratings come before the error
        for block in source.blocks():
            got += len(block)
    assert got > (0 if ending == ".bz2" else 5000) - 1
    assert str(path) in str(caught.value)
    assert f"after row {got}" in str(caught.value)


def test_what_is_no_gzip_at_all(tmp_path):
    path = tmp_path / "r.csv.gz"
    path.write_bytes(ROWS)
    with pytest.raises(BrokenInput, match="after row 0"):
        count(opened(path)[0])


def test_a_cut_csv_file_that_is_not_packed_ends_where_it_ends(tmp_path):
    path = tmp_path / "r.csv"
    path.write_bytes(ROWS[:-1])
    assert count(opened(path)[0]) == 20_000


def test_empty_files_hold_nothing(tmp_path):
    for name in ("r.csv", "r.csv.gz", "r.jsonl"):
        (tmp_path / name).write_bytes(b"")
        assert list(opened(tmp_path / name)[0].blocks()) == []


def test_parquet(tmp_path):
    path = tmp_path / "r.parquet"
    table = pa.table(
        {"item": ["a", "b", "c"] * 1000, "stars": [1, 5, 9] * 1000, "text": "x" * 3000}
    )
    pq.write_table(table, path, row_group_size=500)
    (source,) = opened(path, block_bytes=64 * 100)
    blocks = list(source.blocks())
    assert sum(map(len, blocks)) == 2000
    assert np.concatenate([block.position for block in blocks])[:4].tolist() == [0, 1, 3, 4]
    assert [reject.position for reject in blocks[-1].rejects][-1] == 2999
    assert source.read_bytes == source.total_bytes
    assert source.found() == {"product": "item", "stars": "stars"}


def test_broken_parquet(tmp_path):
    path = tmp_path / "r.parquet"
    pq.write_table(pa.table({"item": list("abc") * 9999, "stars": [5] * 29997}), path)
    whole = path.read_bytes()
    path.write_bytes(whole[:-20])
    with pytest.raises(BrokenInput, match="after row 0"):
        count(opened(path)[0])
    path.write_bytes(whole[:4] + b"\xff" * 2000 + whole[2004:])
    with pytest.raises(BrokenInput, match="after row"):
        count(opened(path)[0])


def test_a_folder_stands_for_its_files_in_order(tmp_path):
    for name in ("b.csv", "a/z.jsonl", "a.tsv", "c.csv.gz", "notes.txt", ".hidden.csv", "d.CSV"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(b"")
    names = [path[len(str(tmp_path)) + 1 :] for path in expand(str(tmp_path))]
    assert names == sorted(names)
    assert set(names) == {"b.csv", "a/z.jsonl", "a.tsv", "c.csv.gz", "d.CSV"}


def test_files_are_opened_in_the_order_given(tmp_path):
    for name in ("b.csv", "a.csv"):
        (tmp_path / name).write_bytes(ROWS)
    assert [s.name[-5:] for s in opened(tmp_path / "b.csv", tmp_path)] == [
        "b.csv",
        "a.csv",
        "b.csv",
    ]


def test_what_is_not_there(tmp_path):
    with pytest.raises(MissingInput, match="no such file or directory"):
        opened(tmp_path / "none.csv")
    with pytest.raises(MissingInput, match="holds no file of ratings"):
        opened(tmp_path)


def test_the_format_goes_by_the_ending_or_as_chosen(tmp_path):
    assert format_of("x.Csv.GZ") == "csv"
    assert format_of("x.json.zst") == "jsonl"
    assert format_of("x.pq") == "parquet"
    for name in ("x.txt", "x", "x.gz", "x.parquet.gz"):
        with pytest.raises(BadSetting, match="--format"):
            format_of(name)
    path = tmp_path / "ratings.dat"
    path.write_bytes(ROWS)
    assert count(opened(path, format="csv")[0]) == 20_000
    with pytest.raises(BadSetting, match="Did you mean jsonl"):
        opened(path, format="json")


def test_the_error_names_the_file(tmp_path):
    path = tmp_path / "r.csv"
    path.write_bytes(b"sku,rating\nB,5\n")
    with pytest.raises(UnknownColumn, match=r"r\.csv has no column for the product.*product=sku"):
        count(opened(path)[0])
    assert count(opened(path, columns={"product": "sku"})[0]) == 1


def test_impossible_options_are_refused():
    for wrong in ({"time_unit": "sec"}, {"zone": "Mars/Base"}, {"delimiter": ";;"}):
        with pytest.raises(BadSetting):
            InputOptions(**wrong)
    with pytest.raises(BadSetting):
        replace(InputOptions(), columns={"price": 1})


def test_real_ratings(shared_data):
    (first,) = opened(shared_data / "movies_and_tv_first_252.csv")
    (block,) = first.blocks()
    assert (len(block), block.slots, block.rejects) == (252, 252, ())
    assert block.product[0].as_py() == "0000143502"
    assert block.event_ms[0] == 1358380800000
    assert count(opened(shared_data / "amazon_electronics_first_20k.csv")[0]) == 20_000
    movielens = shared_data / "movielens_small_ratings.csv"
    assert count(opened(movielens, scale="0.5..5/0.5")[0]) == 100_836
    assert sum(len(b.rejects) for b in opened(movielens)[0].blocks()) == 30_398
