"""The folder that Parquet is with a state: its parts, and who reads them as one."""

from pathlib import Path

import duckdb
import pyarrow.dataset
import pyarrow.parquet as pq
import pytest
from sink_rows import assert_holds, context, expected, rows, split

from starwatch.errors import BadSetting
from starwatch.ports import Cursor
from starwatch.sinks import parts
from starwatch.sinks.registry import Output, open_lasting
from starwatch.windows.rows import WindowRows

OF = context()
WHOLE = rows(OF, 100)


@pytest.fixture(autouse=True)
def _small_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parts, "GROUP_ROWS", 10)
    monkeypatch.setattr(parts, "PART_GROUPS", 3)


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def write(folder: Path, *given: WindowRows, cursor: Cursor = Cursor()) -> Cursor:  # noqa: B008
    made = open_lasting(Output("parquet", str(folder)), OF, cursor)
    for part in given:
        made.write(part)
    made.close()
    return made.secured()


def test_duckdb_and_arrow_read_whole_parts_as_one_while_another_is_written(tmp_path: Path) -> None:
    folder = tmp_path / "w.parquet"
    made = open_lasting(Output("parquet", str(folder)), OF, Cursor())
    made.write(WHOLE.take(slice(75)))
    assert names(folder) == [
        ".part-000000000060.parquet.unfinished",
        "part-000000000000.parquet",
        "part-000000000030.parquet",
    ]
    products = [row["product"] for row in expected(OF, WHOLE)]
    query = f"SELECT product FROM read_parquet('{folder.as_posix()}/*.parquet')"  # noqa: S608
    assert [row[0] for row in duckdb.sql(query).fetchall()] == products[:60]
    assert pyarrow.dataset.dataset(folder).to_table()["product"].to_pylist() == products[:60]
    assert pq.read_table(folder)["product"].to_pylist() == products[:60]
    made.write(WHOLE.take(slice(75, None)))
    made.close()
    assert [row[0] for row in duckdb.sql(query).fetchall()] == products
    assert_holds("parquet", folder, OF, WHOLE)


def test_parts_are_named_by_their_first_row_and_hold_their_groups(tmp_path: Path) -> None:
    write(tmp_path / "w", WHOLE)
    held = {path.name: pq.ParquetFile(path).metadata for path in (tmp_path / "w").iterdir()}
    assert {name: (meta.num_rows, meta.num_row_groups) for name, meta in held.items()} == {
        "part-000000000000.parquet": (30, 3),
        "part-000000000030.parquet": (30, 3),
        "part-000000000060.parquet": (30, 3),
        "part-000000000090.parquet": (10, 1),
    }


def test_parts_depend_on_the_rows_and_not_on_how_they_came(tmp_path: Path) -> None:
    write(tmp_path / "one", WHOLE)
    write(tmp_path / "many", *split(WHOLE, 5))
    assert names(tmp_path / "one") == names(tmp_path / "many")
    for name in names(tmp_path / "one"):
        assert (tmp_path / "one" / name).read_bytes() == (tmp_path / "many" / name).read_bytes()


def test_a_part_ends_when_it_is_long(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parts, "PART_BYTES", 1)
    write(tmp_path / "w", WHOLE)
    assert len(names(tmp_path / "w")) == 10
    assert_holds("parquet", tmp_path / "w", OF, WHOLE)


def test_a_whole_part_is_never_written_again(tmp_path: Path) -> None:
    cursor = write(tmp_path / "w", WHOLE.take(slice(75)))
    before = {p.name: (p.stat().st_ino, p.stat().st_mtime_ns) for p in (tmp_path / "w").iterdir()}
    write(tmp_path / "w", WHOLE.take(slice(75, None)), cursor=cursor)
    after = {p.name: (p.stat().st_ino, p.stat().st_mtime_ns) for p in (tmp_path / "w").iterdir()}
    assert before.items() < after.items()


def test_parts_are_removed_from_the_end_so_that_a_reader_meets_no_gap(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(tmp_path / "w", WHOLE)
    first = (tmp_path / "w" / "part-000000000000.parquet").stat().st_size
    seen: list[list[str]] = []
    monkeypatch.setattr(parts, "reached", lambda _: seen.append(names(tmp_path / "w")))
    whole = names(tmp_path / "w")
    open_lasting(Output("parquet", str(tmp_path / "w")), OF, Cursor(30, first)).close()
    assert seen == [whole, whole[:3], whole[:2], whole[:1]]


def test_a_file_is_refused_and_kept(tmp_path: Path) -> None:
    (tmp_path / "w.parquet").write_text("of a run without a state")
    with pytest.raises(BadSetting, match="is a file; with a state, Parquet is a folder"):
        write(tmp_path / "w.parquet", WHOLE)
    assert (tmp_path / "w.parquet").read_text() == "of a run without a state"


def test_a_folder_with_other_files_is_refused_and_nothing_removed(tmp_path: Path) -> None:
    for name in ("mine.parquet", "part-000000000000.parquet", ".hidden"):
        (tmp_path / name).touch()
    with pytest.raises(BadSetting, match=r"holds other files, such as mine.parquet"):
        write(tmp_path, WHOLE)
    assert names(tmp_path) == [".hidden", "mine.parquet", "part-000000000000.parquet"]


def test_files_of_others_that_came_later_are_left_alone(tmp_path: Path) -> None:
    cursor = write(tmp_path / "w", WHOLE.take(slice(75)))
    (tmp_path / "w" / "notes.txt").touch()
    write(tmp_path / "w", WHOLE.take(slice(75, None)), cursor=cursor)
    assert "notes.txt" in names(tmp_path / "w")
