"""States that are empty, gone, or cannot be written to."""

import os
import subprocess
import sys
import tempfile
from contextlib import closing
from pathlib import Path

import pytest

from commands import starwatch
from durable.runs import FREQUENT, Scene, killed_at, untidy_files
from starwatch.errors import BadSetting, BadState, BadWindow, MissingInput
from starwatch.journal.places import Places
from starwatch.journal.store import Journal
from starwatch.views import ProductQuery, Views
from starwatch.windows.spec import WindowSpec


def test_no_state_is_an_error(tmp_path):
    with pytest.raises(MissingInput, match="there is no state in"):
        Views.open(tmp_path)


def test_what_is_no_database_is_an_error(tmp_path):
    Places(tmp_path).database.write_bytes(b"no database at all, and long enough to be none" * 99)
    with pytest.raises(BadState):
        Views.open(tmp_path)


def test_a_state_that_was_just_made_shows_nothing(tmp_path):
    with closing(Journal(Places(tmp_path).database)), Views.open(tmp_path) as views:
        assert views.about().job is None
        assert views.products(ProductQuery()).total == 0
        assert len(views.overview(ProductQuery()).count) == 0
        assert views.product("p") is None
        series = views.series("p", WindowSpec(), emitted=True)
        assert (len(series.end_ms), series.open) == (0, None)
        assert views.stars("p").count == 0
        assert views.categories() == []


def test_what_is_asked_wrongly_is_said(tmp_path):
    scene = Scene(untidy_files(tmp_path, rows=40, seed=1), tmp_path)
    assert starwatch(*scene.lasting()).code == 0
    with Views.open(scene.state) as views:
        with pytest.raises(BadSetting, match=r"no window number 2\. It has 2, from 0"):
            views.products(ProductQuery(window=2))
        with pytest.raises(BadSetting, match="cannot be sorted by 'stars'"):
            views.products(ProductQuery(sort="stars"))
        with pytest.raises(BadWindow, match="The nearest that can"):
            views.series("p1", WindowSpec.parse("7s"), emitted=True)
        unknown = views.series("nobody", WindowSpec.parse("1h"), emitted=True)
        assert (len(unknown.end_ms), unknown.all.count) == (0, 0)


AS_A_GUEST = """
import os, sys
from pathlib import Path
from starwatch.views import ProductQuery, Views
import numpy.random, pyarrow.compute
if os.geteuid() == 0:
    with Views.open(Path(sys.argv[1])) as views:  # imports what is imported late
        views.products(ProductQuery())
    os.setgid(65534); os.setuid(65534)
with Views.open(Path(sys.argv[1])) as views:
    print(views.products(ProductQuery(limit=9)).rows.all_count.sum())
"""


@pytest.mark.skipif(os.name == "nt", reason="folders of Windows have other rights")
@pytest.mark.parametrize("killed", [False, True])
def test_a_folder_that_cannot_be_written_to(killed):
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        scene = Scene(untidy_files(folder, rows=60, seed=2), folder)
        if killed:
            assert killed_at(scene, "commit.after:9", *FREQUENT)
        else:
            assert starwatch(*scene.lasting()).code == 0
        with Views.open(scene.state) as views:
            expected = views.products(ProductQuery(limit=9)).rows.all_count.sum()
        assert expected > 0
        os.chmod(folder, 0o755)  # noqa: S103, PTH101
        before = sorted(path.name for path in scene.state.iterdir())
        os.chmod(scene.state, 0o555)  # noqa: S103, PTH101
        try:
            command = [sys.executable, "-c", AS_A_GUEST, str(scene.state)]
            done = subprocess.run(command, capture_output=True, text=True, check=False)
        finally:
            os.chmod(scene.state, 0o755)  # noqa: S103, PTH101
        assert done.stdout.strip() == str(expected), done.stderr
        assert sorted(path.name for path in scene.state.iterdir()) == before
