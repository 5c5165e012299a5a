import csv
from pathlib import Path

import pytest

from commands import T0, replay
from page.shown import shown

EVIL = [
    "<script>alert(1)</script>",
    '"onload="alert(1)',
    "'; DROP TABLE facts; --",
    "a/b?c=d&e=f#g%20",
    "</script><img src=x onerror=alert(1)>",
    "=HYPERLINK(1)",
    "\u2167\u202e \u2028 \u00fc",
]


@pytest.fixture(scope="session")
def first_252(tmp_path_factory):
    """The reference's 252 rows, one a second, in a state."""
    file = Path(__file__).parents[2] / "../shared/data/movies_and_tv_first_252.csv"
    if not file.is_file():
        pytest.skip("the real ratings (../shared/data) are not on this machine")
    state = tmp_path_factory.mktemp("first_252") / "s"
    done = replay(file, "--every", "1s", "--as-fast-as-possible", "--start", T0, "--state", state)
    assert done.code == 0, done.err
    return state


@pytest.fixture(scope="session")
def reference(first_252):
    with shown(first_252) as page:
        yield page


@pytest.fixture(scope="session")
def evil_state(tmp_path_factory):
    """Products whose ids and names are attacks; rows that cannot be read; a late rating."""
    folder = tmp_path_factory.mktemp("evil")
    with (folder / "r.csv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["reviewerID", "productID", "rating", "timestamp"])
        for at, product in enumerate(EVIL):
            for stars in range(1, at + 2):
                writer.writerow(["<b>", product, min(stars, 5), 1_600_000_000 + at])
        writer.writerow(["A", "<script>bad()</script>", "<img onerror=x>", 1_600_000_010])
        writer.writerow(["A", EVIL[0], 5, 1_600_000_400])
        writer.writerow(["<late>", EVIL[1], 5, 1_600_000_000])
    with (folder / "c.csv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["productID", "name", "category"])
        writer.writerow([EVIL[0], "<i>Äpfel & Birnen</i>", "<u>fruit"])
    state = folder / "s"
    done = replay(
        *(folder / "r.csv", "--time", "event", "--order", "file", "--as-fast-as-possible"),
        *("--state", state, "--catalogue", folder / "c.csv"),
    )
    assert done.code == 0, done.err
    return state


@pytest.fixture(scope="session")
def evil(evil_state):
    with shown(evil_state) as page:
        yield page


@pytest.fixture(scope="session")
def shifted(tmp_path_factory):
    """Windows of two kinds, one with an offset; two ratings come too late for some of them."""
    folder = tmp_path_factory.mktemp("shifted")
    given = [("P", 5, 0), ("P", 4, 40), ("P", 3, 11), ("Q", 2, 80), ("Q", 1, 71)]
    rows = [f"A{at},{id_},{stars},{1_600_000_000 + s}" for at, (id_, stars, s) in enumerate(given)]
    file = folder / "r.csv"
    file.write_text("\n".join(["reviewerID,productID,rating,timestamp", *rows]) + "\n")
    windows = ("--window", "30s/5s", "--window", "1m/20s+7s", "--bound", "0s")
    pace = ("--time", "event", "--order", "file", "--as-fast-as-possible")
    done = replay(file, *pace, *windows, "--state", folder / "s")
    assert done.code == 0, done.err
    with shown(folder / "s") as page:
        yield page
