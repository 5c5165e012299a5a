"""A full disk ends a backfill in one line; nothing of it counts, and with room it is taken."""

import os
import re
import shutil
import sys

import pytest

from backfill.scenes import (
    assert_tidy,
    backfilled,
    complete,
    counted,
    live_rows,
    made,
    old_rows,
    ratings_file,
    said,
)
from commands import run
from durable.small_disk import small_disk

pytestmark = pytest.mark.skipif(
    sys.platform != "linux" or os.geteuid() != 0, reason="only root may mount a small disk"
)


# From no room for the first rejects to room for all but the last names.
@pytest.mark.parametrize("spare", [4, 30, 64, 80])
def test_a_full_disk_takes_nothing_and_room_takes_all(spare, tmp_path):
    made(tmp_path)
    file = ratings_file(tmp_path / "old.csv", *old_rows(4000), *[("a", "b", 9, 1)] * 300)
    with small_disk(tmp_path / "disk", 64_000) as resize:
        state = shutil.copytree(tmp_path / "s", tmp_path / "disk" / "s")
        resize(shutil.disk_usage(state).used // 1024 + spare)
        done = run("backfill", "--state", state, file)
        assert (done.code, done.out) == (1, "")
        assert re.fullmatch("error: .*[Mm]ake room on the disk.*\n", done.err), done.err
        resize(64_000)
        assert "backfill" not in said("ledger", state)
        assert complete(state)[0] == counted(live_rows())
        assert "4,000 counted + 0 duplicate + 300 rejected" in backfilled(state, file)[0]
        assert complete(state)[0] == counted(live_rows(), old_rows(4000))
        assert len(said("rejects", state).splitlines()) == 300
        assert_tidy(state)
