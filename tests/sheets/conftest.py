import itertools
import os

import pytest

from commands import T0, csv_file, starwatch
from sheets.spreadsheet import Recalculated, found

ODD_IDS = ["0000143502", "143502", "a*", "ab", "=1+1", "<r>x</r>", "_x0041_", " é "]
"""Ids that a spreadsheet takes for something else."""

OPTIONS = (
    *("--speed", "60x", "--order", "file", "--window", "30s/5s", "--window", "1m+7s"),
    *("--bound", "5s", "--lateness", "12s", "--duplicates", "content"),
)


@pytest.fixture(scope="session")
def recalculated(tmp_path_factory):
    """Recalculates a workbook in a LibreOffice that nobody has used before."""
    soffice = found()
    if soffice is None:
        if os.environ.get("CI"):
            pytest.fail("LibreOffice is missing, and CI leaves out nothing")
        pytest.skip("LibreOffice (libreoffice-calc-nogui) is not on this machine")
    return lambda path: Recalculated(soffice, path, tmp_path_factory.mktemp("office"))


def untidy_lines(rows=360):
    """Ratings out of order, with repetitions, some that are no ratings, and some years late."""
    ids, delays = itertools.cycle(ODD_IDS), itertools.cycle([0, 0, 3, 0, 15, 0, 40, 0, 0, 8, 21])
    for row in range(rows):
        user, stars, product = f"u{row % 9}", row * 7 % 5 + 1, next(ids)
        line = f'{user},"{product}",{stars},{1_600_000_000 + row - next(delays)}'
        yield line
        if row % 50 == 20:
            yield line
        if row % 60 == 30:
            yield f"{user},{product},6,1600000000"
        if row % 70 == 50:
            yield f"late,{product},5,{1_500_000_000 + row}"


@pytest.fixture(scope="package")
def untidy(tmp_path_factory):
    """A state, its rows in a file, and the workbook that `verify` makes of both."""
    folder = tmp_path_factory.mktemp("untidy")
    ratings = csv_file(folder / "ratings.csv", *untidy_lines())
    given = ["--as-fast-as-possible", "--quiet", "--start", T0, "--state", folder / "state"]
    often = ["--commit-ratings", "50", "--seal-ratings", "150", "--snapshot-seconds", "0"]
    output = ["--output", f"jsonl:{folder / 'w.jsonl'}"]
    done = starwatch("replay", ratings, *OPTIONS, *given, *often, *output)
    assert done.code == 0, done.err
    done = starwatch("verify", "--state", folder / "state", "--excel", folder / "check.xlsx")
    assert (done.code, done.err) == (0, "")
    return folder
