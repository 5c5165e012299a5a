"""The SQL of a job is text that changes only where somebody meant it to."""

import os
import re
from dataclasses import replace
from pathlib import Path

import pytest

from flink.plans import HOSTS, PLANS, live_job
from starwatch.codecs.options import InputOptions
from starwatch.flink.csv_fields import pattern
from starwatch.flink.plan import Plan
from starwatch.flink.sql import as_text, flink_job
from starwatch.flink.text import comment, identifier, interval, literal

GOLDEN = Path(__file__).parent / "golden"


@pytest.mark.parametrize("name", PLANS)
def test_the_sql_is_what_it_was(name):
    text = as_text(flink_job(PLANS[name]))
    file = GOLDEN / f"{name}.sql"
    if os.environ.get("UPDATE_GOLDEN"):
        file.write_text(text)
    assert text == file.read_text(), "UPDATE_GOLDEN=1 writes it anew"


@pytest.mark.parametrize("name", PLANS)
def test_every_table_that_is_read_is_made_before(name):
    made: set[str] = set()
    for statement in flink_job(PLANS[name]).statements:
        used = set(
            re.findall(r"(?<!EPOCH )(?<!MILLISECOND )(?:FROM|TABLE|INTO) `(\w+)`", statement)
        )
        head = re.search(r"CREATE TEMPORARY (?:VIEW|TABLE) `(\w+)`", statement)
        local = set(re.findall(r"`(\w+)` AS \(", statement))
        assert used - local - ({head[1]} if head else set()) <= made
        made |= {head[1]} if head else set()


def test_each_topic_is_written_by_one_insert():
    # Two inserts into one topic would share the prefix of their transactions: Flink refuses that.
    last = flink_job(PLANS["csv_arrival_two_windows"]).statements[-1]
    targets = re.findall(r"INSERT INTO `(\w+)`", last)
    assert len(targets) == len(set(targets)) == 5


def outside_literals(sql: str) -> str:
    """SQL without comments and what stands in its literals."""
    return re.sub(r"'(?:[^']|'')*'", "''", re.sub(r"^--.*$", "", sql, flags=re.MULTILINE))


@pytest.mark.parametrize("name", ["a'b", "a`; DROP TABLE x; --", "a\\'b", 'a"b', "a\nb", "ä "])
def test_no_name_breaks_out_of_its_quotes(name):
    plain = Plan(live_job(), ("ratings",), HOSTS, input=InputOptions(columns={"product": "x-y"}))
    odd = replace(plain, input=InputOptions(columns={"product": name}))
    assert outside_literals(as_text(flink_job(odd))) == outside_literals(as_text(flink_job(plain)))


@pytest.mark.parametrize("text", ["", "'", "''", "a'b'c", "\\'"])
def test_a_literal_holds_its_text(text):
    quoted = literal(text)
    assert re.fullmatch(r"'(?:[^']|'')*'", quoted, re.DOTALL)
    assert quoted[1:-1].replace("''", "'") == text


def test_names_comments_and_durations():
    assert identifier("a`b") == "`a``b`"
    assert comment("a\nDROP TABLE x") == "-- a\n-- DROP TABLE x"
    assert interval(1) == "INTERVAL '0.001' SECOND(1, 3)"
    assert interval(90_000) == "INTERVAL '90' SECOND(2)"
    assert interval(7 * 86_400_000) == "INTERVAL '7' DAY(1)"


@pytest.mark.parametrize(
    ("record", "column", "expected"),
    [
        ("a,b,c,d", 1, "b"),
        ('a,"b, c",c,d', 1, '"b, c"'),
        ('a,"b ""x"" y",c,d', 1, '"b ""x"" y"'),
        (r'a,"b\",c",c,d', 1, r'"b\",c"'),
        ('a,b "x",c,d', 1, 'b "x"'),
        ("a,,c,d", 1, ""),
        ("a,b,c,", 3, ""),
        (" a,b,c,d\n", 0, "a"),
        ("a,b,c", 1, None),
        ("a,b,c,d,e", 1, None),
        ("a,b,c,d\na,b,c,d", 1, None),
        ('a,"b,c,d', 1, None),
    ],
)
def test_columns_of_csv(record, column, expected):
    found = re.search(pattern(4, column, ","), record)
    assert (found[1].strip() if found else None) == expected


def test_the_plan_measures_its_panes():
    job = live_job(window=["30s/5s", "1h/1h+7s"])
    assert Plan(job, ("ratings",), HOSTS).pane_ms == 1000
    assert Plan(live_job(), ("ratings",), HOSTS).pane_ms == 5000
