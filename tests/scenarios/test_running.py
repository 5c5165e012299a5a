"""What the runner says where an engine does something else than the script."""

import pytest

from model.adapter import ModelEngine
from starwatch.scenarios.runner import run_script
from starwatch.scenarios.script import parse_script

HEAD = "# T\njob\n  windows 10s\n  bound 0s\n"


@pytest.fixture(params=[False, True], ids=["one-by-one", "batches"])
def run(request):
    def run(body, head=HEAD):
        return run_script(parse_script(head + body), ModelEngine, batches=request.param)

    return run


def test_a_script_that_holds(run):
    assert run("rate A 5\nexpect counted\nend\nexpect\n  A 0:00..0:10 mean 5 of 1 (5)") is None


def test_a_row_that_nobody_expected(run):
    failure = run("rate A 5\nend")
    assert (failure.line, failure.what) == (6, "the rows after the last expectation differ")
    assert failure.diff == ("+ 10s A  0:00..0:10  mean 5 of 1 (5)",)


def test_a_row_that_did_not_come(run):
    failure = run("expect\n  A 0:00..0:10 mean 5 of 1 (5)")
    assert failure.line == 5
    assert failure.diff == ("- 10s A  0:00..0:10  mean 5 of 1 (5)",)


@pytest.mark.parametrize(
    ("written", "shown"),
    [
        ("A 0:00..0:10 mean 4.5 of 2 (4 5)", "- 10s A  0:00..0:10  mean 4.5 of 2 (4 5)"),
        ("B 0:00..0:10 mean 5 of 2 (5 5)", "- 10s B  0:00..0:10  mean 5 of 2 (2x5)"),
        ("A 0:10..0:20 mean 5 of 2 (5 5)", "- 10s A  0:10..0:20  mean 5 of 2 (2x5)"),
        (
            "A 0:00..0:10 mean 5 of 2 (5 5) revision 1",
            "- 10s A  0:00..0:10  mean 5 of 2 (2x5)  revision 1",
        ),
    ],
)
def test_a_row_that_differs_in_anything(run, written, shown):
    failure = run(f"rate A 5 5\nend\nexpect\n  {written}")
    assert sorted(failure.diff) == ["+ 10s A  0:00..0:10  mean 5 of 2 (2x5)", shown]


def test_rows_in_another_order(run):
    rows = "  B 0:00..0:10 mean 5 of 1 (5)\n  A 0:00..0:10 mean 5 of 1 (5)"
    assert run(f"rate A 5\nrate B 5\nend\nexpect\n{rows}").what == "the rows differ"


def test_a_row_where_nothing_was_expected(run):
    assert run("rate A 5\nend\nexpect nothing").line == 7


def test_another_class(run):
    failure = run("at 0:20 rate A 5\nrate A 5 stamped 0:01\nexpect counted")
    assert failure.what == "the rating is late, not counted"


def test_another_watermark(run):
    assert run("expect watermark 0:01").what == "the watermark is none, not 0:01"
    failure = run("at 0:02 rate A 5\nexpect watermark 0:01")
    assert failure.what == "the watermark is 0:02, not 0:01"


def test_other_provisional_rows(run):
    failure = run("rate A 5\nexpect provisional nothing")
    assert failure.what == "the provisional rows differ"


def test_other_books(run):
    body = "rate A 5\nreject\nbooks\n  received 1 = 1 counted\n  expected 1 = 1 missed"
    assert run(body).diff == (
        "- received 1 = 1 counted",
        "+ received 2 = 1 counted + 1 rejected",
        "+ rejected 1 unreadable",
        "- 10s expected 1 = 1 missed",
        "+ 10s expected 1 = 1 open",
    )
