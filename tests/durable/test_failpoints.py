"""Killed at every named place, a replay goes on and ends as if nothing had been."""

import re
import sys
from pathlib import Path

import pytest

import starwatch
from durable.runs import FREQUENT, Scene, killed_at

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="Windows knows no SIGKILL")

CUT = ("sink.secured", "sink.cut")
"""Only what was written and never committed is cut back, so a kill there needs one before it."""

FAILPOINTS = [
    *("state.opened", "commit.before", "commit.inside", "commit.after"),
    *("sink.before", "sink.written", "sink.secured", "sink.cut"),
    *("snapshot.before", "snapshot.written", "snapshot.renamed"),
    *("history.before", "history.before_rename", "history.after_rename"),
    *("seal.before", "seal.before_rename", "seal.after_rename"),
    *("merge.before", "merge.written", "merge.renamed", "prune.named", "prune.removed"),
    *("sink.part_written", "sink.renamed"),
]
"""The last two come when the Parquet output ends, so nothing comes behind them."""


ELSEWHERE = {
    *("backfill.begun", "backfill.refused", "backfill.written", "backfill.renamed"),
    *("backfill.before", "backfill.inside", "backfill.after"),
    *("backup.copied", "prune.found"),
    *("erase.written", "erase.before", "erase.inside", "erase.after", "erase.removed"),
    *("http.committed", "kafka.handed", "kafka.produced", "kafka.committed"),
    *("ack.before", "ack.after"),
}
"""Where this replay does not come by; backfill/test_kills.py, test_backup.py, test_retention.py,
test_erase.py, http_door/test_keys.py, sources/test_kafka_faults.py, sinks/test_kafka_sink.py and
mqtt/test_kills.py do."""


def test_every_failpoint_of_the_source_is_listed():
    source = Path(starwatch.__file__).parent
    calls = [re.findall(r'\breached\("(.+?)"\)', p.read_text()) for p in source.rglob("*.py")]
    assert {name for names in calls for name in names} == {*FAILPOINTS, *ELSEWHERE}


def test_one_run_is_killed_at_every_failpoint_in_turn(scene, reference):
    for name in FAILPOINTS:
        if name == "sink.cut":
            assert killed_at(scene, "sink.secured", *FREQUENT)
        assert killed_at(scene, name, *FREQUENT), name
    assert not killed_at(scene, "", *FREQUENT)
    scene.assert_like(reference)


@pytest.mark.slow
@pytest.mark.parametrize("pace", ["reference", "by_row"])
@pytest.mark.parametrize("name", FAILPOINTS)
def test_killed_there_again_and_again(name, pace, tmp_path, request):
    reference = request.getfixturevalue(pace)
    scene = Scene(reference.files, tmp_path, reference.options)
    kills = 0
    for count in (1, 2, 3, 8, 21):
        if name == "sink.cut":
            killed_at(scene, "sink.secured:2", *FREQUENT)
        if not killed_at(scene, f"{name}:{min(count, 2) if name in ONCE else count}", *FREQUENT):
            break
        kills += 1
    assert kills >= (1 if name in ONCE else 3)
    killed_at(scene, "", *FREQUENT)
    scene.assert_like(reference)


ONCE = {"state.opened", "sink.cut", "sink.part_written", "sink.renamed"}
"""A run comes there once or twice, so higher counts are never reached."""
