"""Snapshots through their files: an engine that is restored goes on as if it had not been."""

import tempfile
from contextlib import closing
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from commands import starwatch
from durable.runs import FREQUENT
from property.players import Player
from property.streams import streams
from starwatch.engine import Engine
from starwatch.errors import BadState
from starwatch.journal.snapshots import Snapshots
from starwatch.journal.store import Journal
from starwatch.windows.job import Job


@settings(deadline=None)
@given(streams(), st.integers(0, 40), st.lists(st.integers(1, 9), max_size=4))
def test_an_engine_from_a_file_goes_on_identically(stream, cut, cuts):
    job, caught_up, steps = stream
    whole = Player(job, caught_up, cuts)
    whole.play(steps[:cut])
    restored = Engine.restore(job, whole.engine.snapshot())
    with tempfile.TemporaryDirectory() as folder:
        snapshots = Snapshots(Path(folder) / "snapshots")
        name = snapshots.write(7, whole.engine.snapshot())
        from_file = Engine.restore(job, snapshots.read(name))
    # Against one restored in memory: a restore forgets who is caught up, wherever it comes from.
    players = []
    for engine in (restored, from_file):
        player = Player(job, [], cuts)
        player.engine = engine
        player.play(steps[cut:])
        player.keep(player.engine.finish())
        players.append(player)
    one, other = players
    assert (one.rows, one.classes) == (other.rows, other.classes)
    assert one.engine.books() == other.engine.books()


@settings(deadline=None)
@given(streams(), st.integers(0, 40), st.lists(st.integers(1, 9), max_size=4))
def test_a_snapshot_is_not_changed_by_what_the_engine_does_next(stream, cut, cuts):
    """It is written beside the run, and nobody waits for that."""
    job, caught_up, steps = stream
    player = Player(job, caught_up, cuts)
    player.play(steps[:cut])
    snapshot = player.engine.snapshot()
    before = plain(snapshot)
    player.play(steps[cut:])
    player.engine.finish()
    assert plain(snapshot) == before


def plain(value):
    """A snapshot as values that can be compared."""
    if isinstance(value, dict):
        return {key: plain(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [plain(inner) for inner in value]
    if isinstance(value, np.ndarray):
        return value.dtype, value.copy().tolist()
    return value.to_pylist() if isinstance(value, pa.Array) else value


def test_a_name_says_up_to_which_entry_it_goes(tmp_path):
    name = Snapshots(tmp_path).write(42, Engine(Job()).snapshot())
    assert name.startswith("000000000042-")
    assert [path.name for path in tmp_path.iterdir()] == [name]


def test_every_byte_of_a_snapshot_counts(tmp_path):
    snapshots = Snapshots(tmp_path)
    name = snapshots.write(1, Engine(Job()).snapshot())
    whole = (tmp_path / name).read_bytes()
    for place in range(0, len(whole), 97):
        broken = bytearray(whole)
        broken[place] ^= 1
        (tmp_path / name).write_bytes(broken)
        with pytest.raises(BadState, match="cannot be read"):
            snapshots.read(name)
    with pytest.raises(BadState, match="cannot be read"):
        snapshots.read("000000000002-00000000.arrow")


def test_files_that_no_commit_names_are_swept(tmp_path):
    snapshots = Snapshots(tmp_path)
    names = [snapshots.write(number, Engine(Job()).snapshot()) for number in (1, 2, 3)]
    (tmp_path / "000000000004-12345678.part").write_bytes(b"half")
    snapshots.sweep({names[1]})
    assert [path.name for path in tmp_path.iterdir()] == [names[1]]


def test_a_run_removes_its_older_snapshots_as_it_goes(scene):
    assert starwatch(*scene.lasting(*FREQUENT)).code == 0
    left = {path.name for path in scene.state.glob("snapshots/*")}
    with closing(Journal(scene.state / "starwatch.db", reading=True)) as journal:
        named = {name for name, _ in journal.snapshots()}
    assert named <= left
    assert len(left - named) <= 1  # what the newest took the place of goes with the next
