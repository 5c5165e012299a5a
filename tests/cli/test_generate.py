"""`starwatch generate` as a user meets it."""

import csv
import subprocess
import sys
from pathlib import Path

import pytest

import starwatch
from starwatch.cli.generate import _progress, command
from starwatch.generator import ShopOptions

COMMAND = [sys.executable, "-m", "starwatch"]
if not (Path(starwatch.__file__).parent / "__main__.py").exists():
    COMMAND = [sys.executable, "-c", "from starwatch.cli.main import main; main()"]
SMALL = ["--products", "20", "--rate", "10", "--for", "1m"]


def generate(*arguments: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*COMMAND, "generate", *arguments], cwd=cwd, capture_output=True, text=True, check=False
    )


def test_a_file_is_written_and_summed_up(tmp_path):
    done = generate(*SMALL, "--disorder", "3s", "--out", "r.csv", cwd=tmp_path)
    lines = (tmp_path / "r.csv").read_text().splitlines()
    assert (done.returncode, done.stderr) == (0, "")
    assert lines[0] == "reviewerID,productID,rating,timestamp"
    size = (tmp_path / "r.csv").stat().st_size
    assert done.stdout == (
        f"r.csv: {len(lines) - 1:,} rows, 20 products, span 1m, seed 1, {size:,} bytes\n"
    )
    assert [path.name for path in tmp_path.iterdir()] == ["r.csv"]


def test_standard_output_is_the_same_csv(tmp_path):
    generate(*SMALL, "--out", "r.csv", cwd=tmp_path)
    done = generate(*SMALL, "--out", "-", cwd=tmp_path)
    assert done.stdout == (tmp_path / "r.csv").read_text()
    assert done.stderr.startswith("-: ")
    assert generate(*SMALL, "--out", "-", "--quiet", cwd=tmp_path).stderr == ""


def test_quiet_says_nothing(tmp_path):
    done = generate(*SMALL, "--out", "r.jsonl.gz", "--quiet", cwd=tmp_path)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_labels_and_catalogue_go_with_the_ratings(tmp_path):
    more = ["--incidents", "4", "--labels", "l.csv", "--catalogue", "c.csv", "--ids"]
    assert generate(*SMALL, *more, "--out", "r.csv", cwd=tmp_path).returncode == 0
    read = {
        name: list(csv.DictReader((tmp_path / name).read_text().splitlines()))
        for name in ("r.csv", "l.csv", "c.csv")
    }
    known = {row["product"] for row in read["c.csv"]}
    assert len(known) == 20
    assert {row["productID"] for row in read["r.csv"]} <= known
    assert {row["product"] for row in read["l.csv"]} <= known
    assert len({row["id"] for row in read["r.csv"]}) == len(read["r.csv"])


@pytest.mark.parametrize("option", ["--out", "--labels", "--catalogue"])
def test_a_file_that_is_there_is_kept_unless_forced(tmp_path, option):
    (tmp_path / "old.csv").write_text("mine")
    out = [] if option == "--out" else ["--out", "new.csv"]
    done = generate(*SMALL, *out, option, "old.csv", cwd=tmp_path)
    assert done.returncode == 2
    assert done.stderr == "error: old.csv is there already. --force replaces it\n"
    assert (tmp_path / "old.csv").read_text() == "mine"
    assert not (tmp_path / "new.csv").exists()
    assert generate(*SMALL, *out, option, "old.csv", "--force", cwd=tmp_path).returncode == 0
    assert (tmp_path / "old.csv").read_text() != "mine"


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (["--out", "r.txt"], 2, "the ending of r.txt is not known"),
        (["--out", "r.csv", "--for", "soon"], 2, "the duration 'soon' cannot be read"),
        (["--out", "r.csv", "--start", "soon"], 2, "the moment 'soon' cannot be read"),
        (["--out", "r.csv", "--scale", "5..1"], 2, "does not go upwards"),
        (["--out", "r.csv", "--rate", "0"], 2, "--rate 0.0 is not possible"),
        (["--out", "r.csv", "--labels", "./r.csv"], 2, "two files have one name"),
        (["--out", "r.parquet", "--malformed", "0.1"], 2, "cannot hold malformed rows"),
        (["--out", "nowhere/r.csv"], 1, "nowhere/r.csv cannot be written"),
    ],
)
def test_what_cannot_be_is_one_line(tmp_path, arguments, code, words):
    done = generate(*SMALL, *arguments, cwd=tmp_path)
    assert done.returncode == code
    assert done.stderr.startswith("error: ")
    assert words in done.stderr.replace("\\", "/")
    assert done.stderr.count("\n") == 1
    assert list(tmp_path.iterdir()) == []


def test_a_closed_pipe_is_no_traceback(tmp_path):
    many = ["--rate", "5000", "--for", "2m", "--out", "-", "--quiet"]
    running = subprocess.Popen(
        [*COMMAND, "generate", *many], stdout=subprocess.PIPE, stderr=subprocess.PIPE, cwd=tmp_path
    )
    assert running.stdout is not None
    running.stdout.read(100)
    running.stdout.close()
    assert running.stderr is not None
    assert running.stderr.read() == b""
    running.stderr.close()
    assert running.wait(timeout=30) == 1


def test_an_output_that_cannot_be_written_is_one_line(tmp_path):
    (tmp_path / "read_only").touch()
    with (tmp_path / "read_only").open("rb") as unwritable:
        done = subprocess.run(
            [*COMMAND, "generate", *SMALL, "--out", "-"],
            cwd=tmp_path,
            stdout=unwritable,
            stderr=subprocess.PIPE,
            text=True,
            check=False,
        )
    assert done.returncode == 1
    assert done.stderr.startswith("error: standard output cannot be written")
    assert done.stderr.count("\n") == 1


def test_every_option_stands_in_the_docs():
    page = (Path(__file__).parents[2] / "docs" / "generator.md").read_text(encoding="utf-8")
    for parameter in command.params:
        assert all(f"`{name}" in page for name in [*parameter.opts, *parameter.secondary_opts])


def test_progress_is_plain_where_there_is_no_terminal(monkeypatch, capsys):
    clock = iter([0.0, 1.0, 5.0, 6.0, 10.0])
    monkeypatch.setattr("starwatch.cli.generate.monotonic", lambda: next(clock))
    tell = _progress(ShopOptions(rate=100, span_ms=10_000), quiet=False)
    for rows in (100, 500, 600, 1000):
        tell(rows)
    assert capsys.readouterr().err == ("500 rows, 50%, 100 rows/s\n1,000 rows, 100%, 100 rows/s\n")


def test_progress_is_one_line_on_a_terminal(monkeypatch, capsys):
    clock = iter([0.0, 1.0, 2.0])
    monkeypatch.setattr("starwatch.cli.generate.monotonic", lambda: next(clock))
    monkeypatch.setattr("sys.stderr.isatty", lambda: True, raising=False)
    tell = _progress(ShopOptions(rate=100, span_ms=10_000), quiet=False)
    tell(100)
    tell(200)
    assert capsys.readouterr().err.split("\r") == [
        "",
        "\x1b[K100 rows, 10%, 100 rows/s",
        "\x1b[K200 rows, 20%, 100 rows/s",
    ]
