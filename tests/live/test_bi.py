"""The documented query of the table in PostgreSQL, as a tool for business intelligence asks it."""

import re
from decimal import Decimal
from pathlib import Path

import psycopg

from commands import csv_file, replay

PAGE = Path(__file__).parents[2] / "docs" / "sinks.md"
FIRST = 1_600_000_000


def test_the_query_of_the_page_gives_the_newest_windows(postgresql, tmp_path):
    page = PAGE.read_text(encoding="utf-8")
    (query,) = re.findall(r"^```sql\n(.*?)^```$", page, re.MULTILINE | re.DOTALL)
    ratings = [(f"p{row % 14}", row % 5 + 1, FIRST + row // 9) for row in range(900)]
    file = csv_file(tmp_path / "f.csv", *(f"u,{name},{star},{at}" for name, star, at in ratings))
    replay(file, "--speed", "1", "--state", tmp_path / "s", "--output", postgresql)
    with psycopg.connect(postgresql) as connection:
        rows = connection.execute(query).fetchall()
        ((newest,),) = connection.execute("SELECT max(window_end) FROM starwatch_windows")
    end = int(newest.timestamp())
    expected = []
    for name in {name for name, _, _ in ratings}:
        stars = [s for p, s, at in ratings if p == name and end - 30 <= at < end]
        if stars:
            expected.append((name, Decimal(sum(stars)) / len(stars), len(stars)))
    assert 0 < len(expected) <= 14
    assert [row[2] for row in rows] == sorted((row[2] for row in expected), reverse=True)[:10]
    exact = {name: (mean.quantize(Decimal("0.000001")), count) for name, mean, count in expected}
    assert {name: (mean, count) for name, mean, count in rows}.items() <= exact.items()
