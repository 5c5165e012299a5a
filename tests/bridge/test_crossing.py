"""How much is in hand, and when whoever gave a message is told."""

import errno
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from commands import soon
from starwatch.bridge.books import Books
from starwatch.bridge.crossing import MOST, MOST_BYTES, Crossing
from starwatch.bridge.formats import as_csv, as_is
from starwatch.bridge.refused import Refusal, RefusedFile
from starwatch.errors import BadSetting


class Holding:
    """A target that keeps what it is sent until the test settles it."""

    name, failure = "holding", None

    def __init__(self):
        self.parcels = []

    def send(self, parcel):
        self.parcels.append(parcel)

    def close(self):
        pass


@pytest.fixture
def refused(tmp_path):
    file = RefusedFile(tmp_path / "refused.jsonl")
    yield file
    file.close()


@pytest.fixture
def target():
    return Holding()


def crossing(target, refused, form=as_is, *, keyed=True):
    return Crossing(form, target, refused, Books(), keyed=keyed)


def test_nobody_is_told_before_the_target_has_it(target, refused):
    told, way = [], crossing(target, refused)
    way.take(b"a", "here", told.append)
    assert (told, way.empty) == ([], False)
    target.parcels[0].settled("")
    assert (told, way.empty) == ([""], True)


def test_what_is_refused_is_told_when_it_is_on_the_disk(target, refused):
    told, way = [], crossing(target, refused, as_csv)
    way.take(b"nix", "topic", lambda reason: told.append((reason, refused.path.read_text())))
    soon(lambda: told)
    ((reason, text),) = told
    line = json.loads(text)
    assert line.pop("at").endswith("Z")
    assert line == {"from": "topic", "reason": reason, "raw": "nix"}
    assert target.parcels == []
    assert way.empty
    assert way.books.line() == "taken 1, delivered 0, refused 1, in hand 0; redelivered 0"


def test_so_many_messages_or_bytes_are_enough(target, refused):
    way = crossing(target, refused)
    for _ in range(MOST):
        assert not way.full
        way.take(b"a", "here", lambda _: None)
    assert way.full
    target.parcels[0].settled("")
    assert not way.full
    way = crossing(target, refused)
    way.take(bytes(MOST_BYTES), "here", lambda _: None)
    assert way.full


def test_the_key_can_be_left_out(target, refused):
    for keyed in (True, False):
        crossing(target, refused, keyed=keyed).take(b'{"asin":"p"}', "here", lambda _: None)
    assert [parcel.key for parcel in target.parcels] == [b"p", None]


def test_a_full_disk_is_waited_for_and_spoils_no_line(tmp_path, monkeypatch):
    file, kept = RefusedFile(tmp_path / "refused.jsonl"), []
    fsync, troubles = os.fsync, [OSError(errno.ENOSPC, "No space left on device")] * 2

    def full(descriptor):
        if troubles:
            raise troubles.pop()
        fsync(descriptor)

    monkeypatch.setattr(os, "fsync", full)
    file.put(Refusal(b"a", "here", "why", lambda: kept.append(True)))
    soon(lambda: kept)
    file.put(Refusal(b"b", "here", "why", lambda: kept.append(True)))
    soon(lambda: len(kept) == 2)
    file.close()
    lines = (tmp_path / "refused.jsonl").read_text().splitlines()
    assert [json.loads(line)["raw"] for line in lines] == ["a", "b"]


SMALL_FILES = """
import resource, sys, time
from pathlib import Path
from starwatch.bridge.refused import Refusal, RefusedFile
most = resource.getrlimit(resource.RLIMIT_FSIZE)[1]
resource.setrlimit(resource.RLIMIT_FSIZE, (3000, most))
path, kept = Path(sys.argv[1]), []
file = RefusedFile(path)
file.put(Refusal(b"a" * 5000, "here", "why", lambda: kept.append("a")))
while not Path(sys.argv[2]).exists():
    time.sleep(0.01)
assert not kept
resource.setrlimit(resource.RLIMIT_FSIZE, (most, most))
file.put(Refusal(b"b", "here", "why", lambda: kept.append("b")))
while len(kept) < 2:
    time.sleep(0.01)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="Windows bounds no file of a process")
def test_half_a_line_on_a_full_disk_is_cut_off_again(tmp_path):
    path, room = tmp_path / "refused.jsonl", tmp_path / "room"
    child = subprocess.Popen(
        [sys.executable, "-c", SMALL_FILES, path, room], stderr=subprocess.PIPE, text=True
    )
    try:
        assert "cannot be kept" in child.stderr.readline()
        room.touch()
        _, said = child.communicate(timeout=60)
    finally:
        child.kill()
    assert child.returncode == 0, said
    lines = path.read_text().splitlines()
    assert [json.loads(line)["raw"][0] for line in lines] == ["a", "b"]


def test_lines_are_added_to_those_of_earlier(tmp_path):
    for raw in (b"a", b"b"):
        file, kept = RefusedFile(tmp_path / "refused.jsonl"), []
        file.put(Refusal(raw, "here", "why", lambda kept=kept: kept.append(True)))
        soon(lambda kept=kept: kept)
        file.close()
    assert len((tmp_path / "refused.jsonl").read_text().splitlines()) == 2


@pytest.mark.parametrize("place", [".", "missing/refused.jsonl"])
def test_a_file_that_cannot_be_is_said_at_once(tmp_path, place):
    with pytest.raises(BadSetting):
        RefusedFile(tmp_path / Path(place))
