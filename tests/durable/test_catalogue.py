"""A catalogue in a state: all or nothing, and the same again."""

import pyarrow as pa
import pytest

from starwatch.errors import OutputFailed
from starwatch.generator.catalogue import make_catalogue
from starwatch.journal import catalogue as kept
from starwatch.journal.schema import open_database
from starwatch.ratings.catalogue import Catalogue


@pytest.fixture
def path(tmp_path):
    open_database(tmp_path / "d.db").close()
    return tmp_path / "d.db"


def test_none_is_kept_at_first(path):
    assert kept.kept_catalogue(path) is None


def test_what_is_kept_comes_back_in_order_of_ids(path, monkeypatch):
    monkeypatch.setattr(kept, "_AT_ONCE", 700)
    made = make_catalogue(1, 5000)
    kept.keep_catalogue(path, made)
    assert kept.kept_catalogue(path).table().equals(made.by_id().table())


def test_a_disk_that_fills_keeps_the_old_one(path, monkeypatch):
    old = make_catalogue(1, 100).by_id()
    kept.keep_catalogue(path, old)

    def small(where):
        database = open_database(where)
        database.execute("PRAGMA max_page_count = 60")
        return database

    monkeypatch.setattr(kept, "open_database", small)
    with pytest.raises(OutputFailed, match="Make room on the disk"):
        kept.keep_catalogue(path, make_catalogue(2, 50_000))
    assert kept.kept_catalogue(path).table().equals(old.table())


def test_strange_texts(path):
    ids = ["\0", "\x1b[2J", "0000143502", "é", "日本", "\U0001f4da"]
    strange = Catalogue(*(pa.array(column, pa.string()) for column in (ids, ids[::-1], ids)))
    kept.keep_catalogue(path, strange)
    assert kept.kept_catalogue(path).table().equals(strange.table())


def test_of_several_rows_of_one_product_the_first_is_kept(path):
    twice = Catalogue(
        *(pa.array(column) for column in (["b", "a", "b"], ["1", "2", "3"], ["", "x", "y"]))
    )
    kept.keep_catalogue(path, twice)
    rows = [tuple(row.values()) for row in kept.kept_catalogue(path).table().to_pylist()]
    assert rows == [("a", "2", "x"), ("b", "1", "")]
