"""A replay with a catalogue: names in its table, and kept with its state."""

import sqlite3
import sys
from contextlib import closing

import pytest

from commands import csv_file, starwatch
from starwatch.journal.places import DATABASE

PACE = ("--every", "20ms", "--window", "1m")


@pytest.fixture
def files(tmp_path):
    """Ratings that take ten seconds, a catalogue, and a state."""
    ratings = csv_file(tmp_path / "f.csv", *(f"u,p{row % 3},5,1600000000" for row in range(500)))
    names = csv_file(tmp_path / "c.csv", "product,name,genres", "p0,Old Lamp,Home", "p1,Tea,")
    return ratings, names, tmp_path / "state"


def kept(state):
    with closing(sqlite3.connect(state / DATABASE)) as database:
        return database.execute("SELECT * FROM catalogue").fetchall()


def shows(pattern, *arguments):
    """Whether the table of a replay shows this; the replay is ended with a key then."""
    from commands.terminal import Terminal  # noqa: PLC0415 - not on Windows

    with Terminal("replay", *arguments, *PACE) as terminal:
        terminal.waits_for(pattern)
        terminal.press("q")
        assert terminal.end() == 130


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no pseudo-terminals of this kind")
def test_the_table_shows_names_also_those_that_the_state_keeps(files):
    ratings, names, state = files
    named, bare = r"product +name +mean.*p0 +Old Lamp +5\.00", r"product +mean.*p0 +5\.00"
    shows(named, ratings, "--catalogue", names)
    shows(bare, ratings)
    shows(bare, ratings, "--state", state)
    shows(named, ratings, "--state", state, "--catalogue", names)
    names.unlink()
    shows(named, ratings, "--state", state)


def test_a_state_keeps_the_catalogue_that_was_given_last(files):
    ratings, names, state = files
    lasting = ("replay", ratings, "--rate", "9", "--as-fast-as-possible", "--quiet")
    lasting += ("--state", state)
    assert starwatch(*lasting, "--catalogue", names).code == 0
    assert kept(state) == [("p0", "Old Lamp", "Home"), ("p1", "Tea", None)]
    assert starwatch(*lasting).code == 0
    assert len(kept(state)) == 2
    csv_file(names, "sku,name", "p2,Mug")
    given = ("--catalogue", names, "--catalogue-column", "product=sku")
    assert starwatch(*lasting, *given).code == 0
    assert kept(state) == [("p2", "Mug", None)]


@pytest.mark.parametrize("lasts", [True, False])
def test_a_catalogue_without_ids_is_refused_before_anything_is_made(files, lasts):
    ratings, names, state = files
    csv_file(names, "sku,name", "p0,Old Lamp")
    more = ("--state", state) if lasts else ("--output", f"csv:{state}")
    done = starwatch("replay", ratings, "--catalogue", names, *more)
    assert (done.code, done.out) == (2, "")
    assert done.err.startswith("error: the catalogue ")
    assert done.err.endswith("Name it, as --catalogue-column product=NAME\n")
    assert done.err.count("\n") == 1
    assert not state.exists()


@pytest.mark.parametrize(
    ("options", "line"),
    [
        (("--catalogue-column", "product=sku"), "--catalogue-column needs a catalogue. Use it"),
        (("--catalogue", "c", "--catalogue-column", "stars=x"), "FIELD product, name or category"),
        (("--catalogue", "c", "--catalogue-column", "sku"), "It reads FIELD=NAME"),
    ],
)
def test_options_that_cannot_be_used(files, options, line):
    done = starwatch("replay", files[0], *options)
    assert (done.code, done.out) == (2, "")
    assert line in done.err


def test_no_output_overwrites_the_catalogue(files):
    ratings, names, _ = files
    before = names.read_bytes()
    done = starwatch("replay", ratings, "--catalogue", names, "--output", f"csv:{names}")
    assert done.code == 2
    assert "is an input, and writing would destroy it" in done.err
    assert names.read_bytes() == before
