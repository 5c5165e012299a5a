"""Five million untidy ratings through a state that is killed again and again: all of it agrees."""

import re
import sys

import pytest

from commands import process, soon, starwatch
from durable.runs import committed

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(sys.platform == "win32", reason="Windows knows no SIGKILL"),
]

SHOP = (
    *("--products", "5000", "--rate", "1400", "--for", "1h", "--seed", "20210601"),
    *("--disorder", "20s", "--duplicates", "0.01", "--malformed", "0.001"),
)
RULES = (
    *("--speed", "1", "--order", "file", "--window", "1m", "--window", "2m"),
    *("--bound", "5s", "--lateness", "5s", "--duplicates", "content"),
)
OFTEN = ("--snapshot-seconds", "1", "--seal-ratings", "300000")
LEAST = 5_000_000
KILLS_AT = [600_000, 1_500_000, 1_900_000, 3_100_000, 4_300_000]
"""Ratings that are committed before each kill; the moment behind them is left to chance."""


def test_verify_agrees_on_five_million_ratings_and_restarts(tmp_path):
    ratings, state, rows = tmp_path / "r.csv", tmp_path / "state", tmp_path / "w.parquet"
    assert starwatch("generate", "--out", ratings, "--quiet", *SHOP).code == 0
    command = [
        *("replay", ratings, "--as-fast-as-possible", *RULES, "--quiet"),
        *("--state", state, "--output", f"parquet:{rows}", *OFTEN),
    ]
    for kill_at in KILLS_AT:
        with process(*command) as child:
            soon(lambda at=kill_at: committed(state) >= at or child.poll() is not None, seconds=60)
            assert child.poll() is None, child.stderr.read()
            child.kill()
            child.wait(30)
        assert kill_at <= committed(state) < LEAST
    with process(*command) as child:
        out, err = child.communicate(timeout=60)
    assert (child.returncode, out, err) == (0, "", "")

    of_state = starwatch("verify", "--state", state, "--against", rows)
    of_file = starwatch("verify", "--from", ratings, *RULES, "--against", rows)
    for done in (of_state, of_file):
        assert (done.code, done.err) == (0, ""), done.out
        assert "both books balance" in done.out
        assert done.out.endswith("all agree\n")
        assert numbers("received", done.out)[0] >= LEAST
        for each in ("equal", "counted", "duplicate", "late", "rejected"):
            assert numbers(each, done.out)[0] > 1_000, f"{each}\n{done.out}"
        for each in ("differing", "missing", "extra"):
            assert set(numbers(each, done.out)) == {0}, done.out
    ledger = starwatch("ledger", "--state", state)
    assert (ledger.code, ledger.err) == (0, "")
    for each in ("counted", "duplicate", "late", "rejected"):
        assert numbers(each, ledger.out)[0] == numbers(each, of_file.out)[0], ledger.out


def numbers(what: str, text: str) -> list[int]:
    """The numbers that stand before a word, behind it for what was received."""
    pattern = r"received ([\d,]+)" if what == "received" else rf"([\d,]+) {what}\b"
    return [int(number.replace(",", "")) for number in re.findall(pattern, text)]
