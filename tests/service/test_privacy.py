"""Reviewer ids as they came, hashed with a key of the state, or not at all."""

import os
import stat
from dataclasses import replace

import pyarrow as pa
import pytest

from service.live_sources import decoded
from starwatch.errors import BadState
from starwatch.service.privacy import KEY_FILE, prepared


def reviewers(prepare):
    return prepare(decoded(("p", 1), ("p", 2), rejects=1)).reviewer.to_pylist()


def test_they_are_kept_as_they_came(tmp_path):
    ratings = decoded(("p", 1), rejects=1)
    assert prepared("keep", tmp_path)(ratings) is ratings
    assert list(tmp_path.iterdir()) == []


def test_dropped_ids_are_empty_and_nothing_of_a_reject_is_kept(tmp_path):
    prepare = prepared("drop", tmp_path)
    assert reviewers(prepare) == ["", ""]
    (reject,) = prepare(decoded(rejects=1)).rejects
    assert (reject.raw, reject.reason) == (b"", "unreadable")


def test_hashes_are_the_same_for_one_state_and_others_for_another(tmp_path):
    folders = tmp_path / "a", tmp_path / "b"
    for folder in folders:
        folder.mkdir()
    first, again, other = (reviewers(prepared("hash", f)) for f in (*folders[:1] * 2, folders[1]))
    assert first == again
    assert first[0] == first[1]
    assert len(first[0]) == 32
    assert first[0] != other[0]
    assert prepared("hash", folders[0])(decoded(rejects=1)).rejects[0].raw == b""


@pytest.mark.skipif(os.name == "nt", reason="Windows has other permissions")
def test_only_its_owner_reads_the_key(tmp_path):
    prepared("hash", tmp_path)
    assert stat.S_IMODE((tmp_path / KEY_FILE).stat().st_mode) == 0o600


def test_a_key_that_is_not_whole_is_refused(tmp_path):
    (tmp_path / KEY_FILE).write_bytes(b"short")
    with pytest.raises(BadState, match="not whole"):
        prepared("hash", tmp_path)


def test_no_id_stays_no_id(tmp_path):

    ratings = replace(decoded(("p", 1)), reviewer=pa.array([""], pa.string()))
    assert prepared("hash", tmp_path)(ratings).reviewer.to_pylist() == [""]
