"""States to backfill, and what they hold, counted from their open files."""

from collections import Counter
from contextlib import closing
from pathlib import Path

import pyarrow.parquet as pq

from commands import csv_file, starwatch
from starwatch.history.reading import panes_kept
from starwatch.journal.places import DATABASE, Places
from starwatch.journal.rules import job_from_facts
from starwatch.journal.store import Journal
from starwatch.ratings.scale import star_names

HEAD = "user,product,rating,timestamp"
LIVE_SECONDS, OLD_SECONDS = 1_600_000_000, 1_000_000_000
HOUR_MS = 3_600_000
BY_TIME = ("--speed", "100x", "--as-fast-as-possible", "--window", "1m/10s", "--quiet")


def ratings_file(path, *rows):
    """A file of rows of (user, product, stars, seconds)."""
    return csv_file(path, HEAD, *(",".join(map(str, row)) for row in rows))


def live_rows(count=40):
    return [(f"u{n}", f"p{n % 3}", n % 5 + 1, LIVE_SECONDS + 7 * n) for n in range(count)]


def old_rows(count=30):
    """Ratings from years, each a month before the next."""
    return [(f"o{n}", f"p{n % 4}", n % 5 + 1, OLD_SECONDS + n * 2_600_000) for n in range(count)]


def made(folder, *more, rows=None):
    """A finished state of live ratings."""
    file = ratings_file(folder / "live.csv", *(live_rows() if rows is None else rows))
    done = starwatch("replay", file, *BY_TIME, "--state", folder / "s", *more)
    assert (done.code, done.err) == (0, "")
    return folder / "s"


def backfilled(state, *files):
    """Backfill what must be taken; what was said."""
    done = starwatch("backfill", "--state", state, *files)
    assert (done.code, done.err) == (0, "")
    return done.out.splitlines()


def said(command, state, *more):
    done = starwatch(*command.split(), "--state", state, *more)
    assert (done.code, done.err) == (0, ""), done.err
    return done.out


def live_books(state):
    """The ledger without what it says of backfills."""
    lines = said("ledger", state).splitlines()
    return [line for line in lines if "backfill" not in line]


def complete(state, *, tier_ms=HOUR_MS):
    """How many ratings of each product, pane and star, all of them; and those met by none."""
    with closing(Journal(state / DATABASE, reading=True)) as journal:
        job = job_from_facts(journal.fact("job"))
        names = star_names(job.scale)
        all_of_them, emitted = Counter(), Counter()
        with journal.at_one_moment():
            panes = panes_kept(journal, Places(state).history, job, [tier_ms])[tier_ms]
            for row in panes.table().to_pylist():
                key = row["product"], row["start_ms"]
                stars = {(*key, star): row[name] for star, name in enumerate(names, 1)}
                all_of_them.update(stars)
                met = row["met_ms"]
                if met is None or met < row["start_ms"] + tier_ms + job.lateness_ms:
                    emitted.update(stars)
    return +all_of_them, +emitted


def counted(*files_of_rows, tier_ms=HOUR_MS):
    """The same, counted from rows."""
    return Counter(
        (product, seconds * 1000 // tier_ms * tier_ms, stars)
        for rows in files_of_rows
        for _, product, stars, seconds in rows
    )


def sealed(state):
    """The ratings that backfills sealed, as they are named."""
    with closing(Journal(state / DATABASE, reading=True)) as journal:
        names = journal.backfilled()
    tables = [pq.read_table(state / "ratings" / name, partitioning=None) for name in names]
    return [row for table in tables for row in table.to_pylist()]


def assert_tidy(state: Path):
    """Every file has a name in the database, and every name a file."""
    with closing(Journal(state / DATABASE, reading=True)) as journal:
        named = {f"ratings/{name}" for name in (*journal.sealed(), *journal.backfilled())}
        named |= {f"history/{file.name}" for file in journal.pane_files()}
    found = {path for name in ("ratings", "history") for path in state.glob(f"{name}/*/*")}
    assert {path.relative_to(state).as_posix() for path in found} == named
    assert not (state / "backfilling").exists()
