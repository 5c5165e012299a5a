"""`starwatch ledger` for machines, and what it asks for."""

import json

from commands import starwatch


def test_the_books_of_a_state_as_json_say_whether_they_balance(tmp_path):
    file, state = tmp_path / "r.csv", tmp_path / "s"
    file.write_text("u1,p,5,1700000000\nu2,p,9,1700000001\nu3,q,4,1700000002\n")
    words = ("--state", state, "--speed", "1", "--as-fast-as-possible", "--quiet")
    assert starwatch("replay", file, *words).code == 0
    done = starwatch("ledger", "--state", state, "--json")
    told = json.loads(done.out)
    assert (done.code, told["balanced"]) == (0, True)
    assert (told["books"]["received"], told["books"]["counted"]) == (3, 2)
    assert told["reasons"] == {"off_scale": 1}
    assert [each["rejected"] for each in told["sources"]] == [1]


def test_a_state_is_asked_for_and_flink_needs_a_source():
    done = starwatch("ledger")
    assert (done.code, done.err.splitlines()[-1][:30]) == (2, "error: missing option '--state")
    done = starwatch("ledger", "--engine", "flink")
    assert (done.code, "there is no source" in done.err) == (2, True)
