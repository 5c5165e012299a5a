"""A run merges old files of panes; killed around it, its panes are those of the ratings."""

import logging
import shutil
import sys
from contextlib import closing
from pathlib import Path

import pytest

from commands import starwatch
from durable.runs import FREQUENT, killed_at
from starwatch.history.merging import to_merge
from starwatch.journal.places import DATABASE, HISTORY, Places
from starwatch.journal.rules import job_from_facts
from starwatch.journal.snapshots import Snapshots
from starwatch.journal.store import Journal
from starwatch.service.rhythm import Rhythm
from starwatch.service.upkeep import Kept, Upkeep
from starwatch.views.picture import lost

LONG = ("tier=1h", "tier=1d")
PLACES = ("merge.before", "merge.written", "merge.renamed", "prune.named", "prune.removed")


def named(state):
    with closing(Journal(state / DATABASE, reading=True)) as journal:
        return journal.pane_files()


def assert_merged(state):
    """Long panes lie in fewer files than short ones, and nothing else lies beside them."""
    files = named(state)
    there = {path.relative_to(state / HISTORY).as_posix() for path in state.glob("history/*/*")}
    assert there == {file.name for file in files}
    numbers = {tier: sum(file.name.startswith(tier) for file in files) for tier in LONG}
    short = sum(file.tier_ms == 60_000 for file in files)
    assert max(numbers.values()) < short, (numbers, short)
    done = starwatch("verify", "--state", state)
    assert (done.code, done.err) == (0, ""), done.out


@pytest.mark.skipif(sys.platform == "win32", reason="Windows knows no SIGKILL")
def test_killed_around_every_merge_its_panes_are_those_of_the_ratings(scene, reference):
    for name in (*PLACES, "merge.renamed:2"):
        assert killed_at(scene, name, *FREQUENT), name
    assert not killed_at(scene, "", *FREQUENT)
    scene.assert_like(reference)
    assert_merged(scene.state)


@pytest.fixture(scope="module")
def unmerged(reference, tmp_path_factory):
    """A finished state with several files of each tier."""
    state = tmp_path_factory.mktemp("unmerged") / "s"
    often = (*FREQUENT, "--merge-files", "99")
    done = starwatch("replay", *reference.files, *reference.options, "--as-fast-as-possible",
                     "--quiet", *often, "--state", state)  # fmt: skip
    assert done.code == 0, done.err
    return state


@pytest.fixture
def state(unmerged, tmp_path):
    shutil.copytree(unmerged, tmp_path / "s")
    return tmp_path / "s"


def upkeep_of(state: Path) -> Upkeep:
    with closing(Journal(state / DATABASE, reading=True)) as journal:
        job = job_from_facts(journal.fact("job"))
    places = Places(state)
    return Upkeep(places, Snapshots(places.snapshots), job, rhythm=Rhythm(merge_files=3))


def test_a_broken_file_is_merged_with_none_and_said(state, caplog):
    """Merged, it would get a checksum by which it is right."""
    files = [file for file in named(state) if file.name.startswith("tier=1d")]
    name = to_merge(files, fewest=3)[1].name
    broken = state / HISTORY / name
    content = bytearray(broken.read_bytes())
    content[len(content) // 2] ^= 1
    broken.write_bytes(content)
    upkeep = upkeep_of(state)
    with caplog.at_level(logging.WARNING):
        assert upkeep._merge(files) is None  # noqa: SLF001
        merged = upkeep._merge(files)  # noqa: SLF001
    upkeep.close()
    assert [str(broken) in record.getMessage() for record in caplog.records] == [True]
    assert merged is None or name not in merged.sources


def test_a_merge_that_a_run_has_begun_as_it_ends_is_named_once(state):
    files, upkeep = named(state), upkeep_of(state)
    with closing(Journal(state / DATABASE, reading=True)) as journal:
        last = journal.panes_upto()
    upkeep._work = upkeep._thread.submit(lambda: Kept(merging=upkeep._merge(files)))  # noqa: SLF001
    kept = upkeep.complete(last)
    upkeep.close()
    assert kept.merging is not None
    assert (state / HISTORY / kept.merging.file.name).is_file()
    assert set(kept.outdated.panes) == set(kept.merging.sources)


def test_views_tell_merged_files_from_those_that_were_let_go(state):
    files = sorted(named(state), key=lambda file: file.entries)
    days = [file for file in files if file.name.startswith("tier=1d")]
    upkeep = upkeep_of(state)
    merged = upkeep._merge(days)  # noqa: SLF001
    upkeep.close()
    after = [file for file in files if file.name not in merged.sources]
    assert lost(files, after) == [file for file in files if file.name in merged.sources]
    assert lost(files, [*after, merged.file]) == []
    hour = next(file for file in files if file.name.startswith("tier=1h"))
    after = [file for file in after if file is not hour]
    assert lost(files, [*after, merged.file]) == [hour]
