"""What becomes of reviewer ids in a run becomes of them in a backfill of its state."""

import json
from contextlib import closing

import pytest

from backfill.scenes import OLD_SECONDS, backfilled, made, ratings_file, said, sealed
from commands import starwatch
from starwatch.cli import serving, watching
from starwatch.journal.places import DATABASE
from starwatch.journal.store import Journal
from starwatch.service.privacy import KEY_FILE, remember_reviewers

ROWS = [("ann", "p", 5, OLD_SECONDS), ("ann", "q", 5, OLD_SECONDS), ("bob", "p", 9, OLD_SECONDS)]


@pytest.mark.parametrize("reviewers", ["keep", "hash", "drop"])
def test_ids_are_kept_hashed_or_dropped(reviewers, tmp_path):
    state = made(tmp_path, "--duplicates", "content")
    with closing(Journal(state / DATABASE)) as journal:
        remember_reviewers(journal, reviewers)
    file = ratings_file(tmp_path / "old.csv", *ROWS, ROWS[0])
    duplicates = 0 if reviewers == "drop" else 1  # without a reviewer nothing is known again
    line = backfilled(state, file)[0]
    assert f"{3 - duplicates} counted + {duplicates} duplicate + 1 rejected" in line
    (name,) = {row["reviewer"] for row in sealed(state)}
    (raw,) = [json.loads(line)["raw"] for line in said("rejects", state).splitlines()]
    if reviewers == "keep":
        assert (name, raw[:3]) == ("ann", "bob")
    else:
        assert (len(name), raw) == (32 if reviewers == "hash" else 0, "")
        for path in state.rglob("*"):
            assert not (path.is_file() and b"bob" in path.read_bytes()), path
    assert (state / KEY_FILE).exists() == (reviewers == "hash")


def test_a_service_lets_its_state_remember(tmp_path, monkeypatch):
    """As far as the place where its sources would be opened."""

    class Opened(Exception):
        pass

    def service(*_, **__):
        raise Opened

    monkeypatch.setattr(watching, "Service", service)
    monkeypatch.setattr(serving, "_sources", lambda *_: [])
    config = tmp_path / "starwatch.toml"
    config.write_text('[privacy]\nreviewers = "hash"\n')
    done = starwatch("run", "--config", config, "--state", tmp_path / "s", "--quiet")
    assert "Opened" in done.err
    with closing(Journal(tmp_path / "s" / DATABASE, reading=True)) as journal:
        assert journal.fact("reviewers") == "hash"
