import gzip
import json
import subprocess
import sys

import pytest


def inspect(*arguments):
    done = subprocess.run(
        [sys.executable, "-m", "starwatch", "inspect", *map(str, arguments)],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert "Traceback" not in done.stderr
    return done


def test_the_reference_rows(shared_data):
    done = inspect(shared_data / "movies_and_tv_first_252.csv")
    assert done.returncode == 0
    assert "csv  reviewer <- column 0, product <- column 1" in done.stdout
    for line in ("rows         252", "products     16", "resolution   whole days", "4.456349"):
        assert line in done.stdout
    assert "replay it in about 4.2 minutes" in done.stdout
    assert "movies_and_tv_first_252.csv --every 1s" in done.stdout
    assert done.stderr == ""


def test_a_slip_is_no_scale(tmp_path):
    file = tmp_path / "slip.csv"
    file.write_text("".join(f"A{n},p,{6 if n == 7 else 1 + n % 5},{n}\n" for n in range(150)))
    facts = json.loads(inspect(file, "--json").stdout)
    assert facts["rejected"]["off_scale"]["count"] == 1
    assert facts["fitting_scale"] is None


def test_half_stars_are_recognised(shared_data):
    file = shared_data / "movielens_small_ratings.csv"
    facts = json.loads(inspect(file, "--json").stdout)
    assert facts["fitting_scale"] == "0.5..5/0.5"
    assert facts["rejected"]["off_scale"]["count"] == 30_398
    assert "--scale 0.5..5/0.5 --speed" in facts["replay"][0]["command"]
    facts = json.loads(inspect(file, "--json", "--scale", "0.5..5/0.5").stdout)
    assert facts["ratings"] == facts["rows"] == 100_836
    assert (facts["products"], facts["reviewers"]) == (9724, 610)
    assert facts["first"] == "1996-03-29T18:36:55.000Z"
    assert facts["columns"][str(file)]["product"] == "movieid"
    assert facts["rejected"] == {}


@pytest.fixture
def untidy(tmp_path):
    path = tmp_path / "untidy.csv"
    path.write_text(
        "who;sku;points;when\nA;p;5;1000\nB;p;;2000\n-\nA;q;4;500\nC;q;x;1\nC;q;7;1\nD;p;5;\n"
    )
    return path


MAPPED = ("--column", "product=sku", "--column", "stars=points", "--column", "time=when")


def test_what_is_wrong_is_counted_with_its_first_example(untidy):
    done = inspect(untidy, *MAPPED, "--column", "reviewer=0")
    assert done.returncode == 0
    assert "rows         7" in done.stdout
    assert "ratings      3  (3 rejected)" in done.stdout
    assert "no time      1" in done.stdout
    assert "sorted       no, by up to 8.3 minutes" in done.stdout
    for reason, row, raw in (("missing_stars", 1, "B;p;;2000"), ("bad_stars", 4, "C;q;x;1")):
        line = next(line for line in done.stdout.splitlines() if reason in line)
        assert line.endswith(f"row {row}: {raw}")
    assert "--column product=sku --column stars=points" in done.stdout


def test_a_missing_column_is_one_line_with_the_option(untidy):
    done = inspect(untidy)
    assert done.returncode == 2
    assert done.stdout == ""
    assert done.stderr.startswith("error: ")
    assert done.stderr.count("\n") == 1
    assert "its columns are who, sku, points, when. Name it, as --column product=" in done.stderr


def test_a_broken_file_is_told_of_after_what_came_before(tmp_path):
    path = tmp_path / "r.csv.gz"
    rows = "".join(f"A{i},B{i % 7},5,{i}\n" for i in range(50_000))
    path.write_bytes(gzip.compress(rows.encode())[:-1000])
    done = inspect(path)
    assert done.returncode == 1
    assert "rows " in done.stdout
    assert done.stderr.startswith("error: ")
    assert "after row" in done.stderr


def test_files_without_ratings(tmp_path):
    assert inspect(tmp_path).returncode == 2
    assert inspect(tmp_path / "none.csv").returncode == 2
    empty = tmp_path / "empty.csv"
    empty.write_bytes(b"")
    done = inspect(empty)
    assert done.returncode == 0
    assert "rows         0" in done.stdout
    assert json.loads(inspect(empty, "--json").stdout)["mean"] is None


def test_wrong_options_are_one_line(untidy):
    for wrong in (["--column", "product"], ["--column", "prodct=sku"], ["--time-unit", "sec"]):
        done = inspect(untidy, *wrong)
        assert done.returncode == 2
        assert done.stderr.count("\n") == 1
