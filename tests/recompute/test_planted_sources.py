"""The lines of sources are proved: `ledger` and `verify --state` say if they do not sum up."""

import sqlite3
from contextlib import closing

import pytest

from commands import csv_file, starwatch

ROWS = [f"u{row},p{row % 3},{row % 5 + 1},{1_600_000_000 + row}" for row in range(40)]


@pytest.fixture
def state(tmp_path):
    """Ratings of two files, with one reject."""
    files = [
        csv_file(tmp_path / "a.csv", *ROWS, "u,p,9,1600000000"),
        csv_file(tmp_path / "b.csv", *ROWS[:7]),
    ]
    given = ("--speed", "1", "--as-fast-as-possible", "--quiet", "--state", tmp_path / "s")
    done = starwatch("replay", *files, *given)
    assert done.code == 0, done.err
    return tmp_path / "s"


def test_sources_that_sum_up(state):
    for command in ("ledger", "verify"):
        done = starwatch(command, "--state", state)
        assert (done.code, "sum up" in done.out) == (0, False)


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ("counted = counted + 1 WHERE partition = 1", "48 counted, not 47"),
        ("late = late + 2 WHERE partition = 0", "2 late, not 0"),
        ("rejects = rejects - 1 WHERE partition = 0", "0 rejected, not 1"),
        (
            "counted = counted - 1, duplicate = duplicate + 1 WHERE partition = 0",
            "46 counted, not 47, 1 duplicate, not 0",
        ),
    ],
)
def test_sources_that_do_not(state, change, told):
    with closing(sqlite3.connect(state / "starwatch.db", isolation_level=None)) as database:
        database.execute(f"UPDATE positions SET {change}")  # noqa: S608
    line = f"the sources sum up to {told}"
    ledger = starwatch("ledger", "--state", state)
    assert (ledger.code, ledger.err) == (1, "")
    assert f"\n{line}\n" in ledger.out
    verified = starwatch("verify", "--state", state)
    assert verified.code == 1
    assert verified.out.startswith(f"journal: {line}\n")
    assert verified.err == f"error: {line}. What differs stands above\n"
