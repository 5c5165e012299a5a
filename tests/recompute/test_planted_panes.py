"""Panes are proved: whatever is changed in their files, `verify --state` says in which tier."""

import shutil
import sqlite3
import zlib
from contextlib import closing

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest

from commands import T0, starwatch
from recompute.untidy import untidy_file

OPTIONS = (
    *("--speed", "60x", "--order", "file", "--window", "10s/5s"),
    *("--bound", "5s", "--lateness", "3s", "--duplicates", "content"),
)
FREQUENT = ("--commit-ratings", "50", "--seal-ratings", "150", "--snapshot-seconds", "0")


@pytest.fixture(scope="module")
def untouched(tmp_path_factory):
    """A state with late ratings, most of it sealed; not to be changed."""
    folder = tmp_path_factory.mktemp("panes")
    ratings = untidy_file(folder / "ratings.csv")
    given = ("--as-fast-as-possible", "--quiet", "--state", folder / "state", "--start", T0)
    done = starwatch("replay", ratings, *OPTIONS, *given, *FREQUENT)
    assert done.code == 0, done.err
    return folder / "state"


@pytest.fixture
def state(untouched, tmp_path):
    """A copy of it, to be changed."""
    return shutil.copytree(untouched, tmp_path / "state")


def files(state, tier):
    found = sorted((state / "history" / f"tier={tier}").glob("*.parquet"))
    assert found
    return found


def database(state):
    return closing(sqlite3.connect(state / "starwatch.db", isolation_level=None))


def rewrite(state, file, table):
    """Put other panes into a file as what writes them would: its size and checksum are right."""
    pq.write_table(table, file)
    data = file.read_bytes()
    with database(state) as tables:
        tables.execute(
            "UPDATE history SET bytes = ?, crc = ? WHERE file = ?",
            (len(data), zlib.crc32(data), f"{file.parent.name}/{file.name}"),
        )


def edited(table, column, row, change):
    values = table[column].to_pylist()
    values[row] = change(values[row])
    at = table.schema.get_field_index(column)
    return table.set_column(at, table.schema.field(at), pa.array(values, table.schema.types[at]))


def late_row(table):
    return pc.is_valid(table["met_ms"]).to_pylist().index(True)


CHANGES = {
    "a count more": lambda t: edited(t, "stars_5", 0, lambda n: n + 1),
    "another product": lambda t: edited(t, "product", 0, lambda p: p + "0"),
    "another start": lambda t: edited(t, "start_ms", 0, lambda ms: ms - 86_400_000),
    "late is in time": lambda t: edited(t, "met_ms", late_row(t), lambda _: None),
    "in time is late": lambda t: edited(t, "met_ms", 0, lambda _: 864 * 10**12 + 3_000),
    "a row that is dropped": lambda t: t.slice(1),
    "a row that is doubled": lambda t: pa.concat_tables([t, t.slice(0, 1)]),
}


def refused(state, tier):
    """What `verify` says of one tier; the others are the same."""
    done = starwatch("verify", "--state", state)
    assert done.code == 1
    (line,) = [line for line in done.out.splitlines() if line.startswith("panes: ")]
    assert f" of {tier} not as the ratings give" in line
    assert line.count("not as the ratings give") == 1
    assert f"error: {line.removeprefix('panes: ')}. What differs stands above" in done.err
    return line


def test_all_tiers_are_the_same(untouched):
    done = starwatch("verify", "--state", untouched)
    assert (done.code, done.err) == (0, "")
    assert "\npanes: the same in 4 tiers\n" in done.out
    assert "ratings came too late for every window" in done.out
    assert "\nlate: 0 ratings" not in done.out


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_a_pane_that_is_changed(state, change):
    for file in files(state, "1m"):
        table = pq.ParquetFile(file).read()
        if table["met_ms"].null_count < len(table):
            rewrite(state, file, change(table))
            refused(state, "1m")
            return
    pytest.fail("no late rating in any file")


@pytest.mark.parametrize("tier", ["5s", "1h", "1d"])
def test_each_tier_is_compared(state, tier):
    file = files(state, tier)[-1]
    rewrite(state, file, CHANGES["a count more"](pq.ParquetFile(file).read()))
    assert refused(state, tier) == f"panes: 1 pane of {tier} not as the ratings give"


def test_a_file_that_no_commit_names_any_more(state):
    with database(state) as tables:
        name = f"tier=1m/{files(state, '1m')[0].name}"
        tables.execute("DELETE FROM history WHERE file = ?", (name,))
    refused(state, "1m")


def test_a_file_that_is_named_twice(state):
    first = files(state, "1m")[0]
    copy = shutil.copy(first, first.with_name("000000009998-000000009999.parquet"))
    with database(state) as tables:
        row = tables.execute("SELECT * FROM history WHERE file LIKE ?", (f"tier=1m/{first.name}",))
        (_, *others) = row.fetchone()
        marks = ", ".join("?" * (1 + len(others)))
        named = (f"tier=1m/{copy.name}", *others)
        tables.execute(f"INSERT INTO history VALUES ({marks})", named)  # noqa: S608
    refused(state, "1m")


def test_panes_that_were_let_go_are_said_and_left_out(state):
    with database(state) as tables:
        tables.execute("UPDATE history SET made_ms = made_ms - 8 * 86400000")
    pruned = starwatch("state", "prune", "--state", state)
    assert pruned.code == 0, pruned.err
    done = starwatch("verify", "--state", state)
    assert (done.code, done.err) == (0, "")
    assert (
        "\npanes: the same in 4 tiers; earlier ones were let go, compared were 5s from " in done.out
    )
