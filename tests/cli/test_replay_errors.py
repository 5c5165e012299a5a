"""What goes wrong is one line on stderr that says what and how to mend it, and an exit code."""

import gzip
import os
import subprocess
import sys

import pytest

from commands import csv_file, process, replay, run, soon, starwatch


@pytest.fixture
def file(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return csv_file(
        tmp_path / "f.csv", *(f"u,p{row % 3},5,{1_600_000_000 + row}" for row in range(9))
    )


def failed(*arguments, env=None, code=2):
    """The one line of a replay that fails."""
    done = starwatch("replay", "--as-fast-as-possible", *arguments, env=env)
    assert (done.code, done.out) == (code, "")
    (line,) = done.err.splitlines()
    assert line.startswith("error: ")
    return line.removeprefix("error: ")


WRONG = {
    "--window 30s/7s": "30s/7s is impossible: its size is no multiple of its slide. A window reads",
    "--window half": "the window 'half' cannot be read",
    "--window 0s": "has no length",
    "--window 1000d/1ms": "each rating would be in 86,400,000,000 windows, and 100,000 is the most",
    "--output parquet:p --output csv:p.part": "two outputs would write to p.part",
    "--window 10s --window 10s": "the same window is given twice",
    "--window 99999999999999w": "cannot be read",
    "--scale 1..5/3": "the steps of the scale 1..5/3 miss its highest value. A scale reads",
    "--scale big": "scale",
    "--output jsnl": "there is no sink 'jsnl'. Did you mean 'jsonl'?",
    "--output foo:w": "the sinks are csv, jsonl, log, log-exact, parquet",
    "--output jsonl --output csv:-": "two outputs would write to standard output",
    "--output jsonl:w --output csv:w": "two outputs would write to w",
    "--output jsonl:w --rejects ./w": "two outputs would write to ./w",
    "--output jsonl:f.csv": "f.csv is an input, and writing would destroy it",
    "--late f.csv": "f.csv is an input, and writing would destroy it",
    "--output parquet": "Parquet cannot go to standard output. Name a file",
    "--output jsonl:no/w": "cannot be opened: no such file or directory. Create its folder first",
    "--output csv:.": "is a directory",
    "--rejects no/w": "no/w cannot be written: ",
    "--late no/w": "no/w cannot be written: ",
    "--start tomorrow": "the moment 'tomorrow' cannot be read. A moment reads like",
    "--start 99999999999999999": "not within the years 1 to 9999",
    "--every 1s --rate 3": "--every and --rate exclude each other",
    "--rate 2 --speed 3": "--rate and --speed exclude each other",
    "--every 1s --order file": "--order needs event times to play by. Use it with --speed",
    "--every fast": "the duration 'fast' cannot be read. A duration reads like",
    "--every 0s": "is not above zero",
    "--every 99999999999d": "longer than a thousand years",
    "--every 900000d --time event --limit 9": "longer than a thousand years",
    "--window 1000000d/1d": "the duration '1000000d' is longer than a thousand years",
    "--rate 1e-300": "at this pace the replay never ends",
    "--speed 1e-300": "at this pace the replay never ends",
    "--rate often": "--rate often is no number above zero",
    "--rate -1": "--rate -1 is no number above zero",
    "--speed 0x": "--speed 0 is no number above zero",
    "--speed 1/0": "is no number above zero",
    "--speed 2 --time arrival": "no windows by arrival. Use --every or --rate",
    "--bound soon": "bound: the duration 'soon' cannot be read",
    "--lateness 1": "lateness: the duration '1' cannot be read",
    "--column stars=score": "cannot be called 'score'. Give its number from 0",
    "--column x": "It reads FIELD=NAME",
    "--column starz=1": "starz",
    "--time-unit weeks": "weeks",
    "--zone Mars/Crater": "Mars/Crater",
    "--format xml": "xml",
    "--config none.toml": "none.toml is not there. Check --config",
}


@pytest.mark.parametrize("options", WRONG)
def test_a_wrong_command_says_so(file, options):
    assert WRONG[options] in failed(file.name, *options.split())
    assert file.read_text().startswith("u,p0,5,")


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ("--limit 0", "invalid value for '--limit'"),
        ("--limit x", "invalid value for '--limit'"),
        ("--batch-size 0", "invalid value for '--batch-size'"),
        ("--order random", "'random' is not one of 'time', 'file'"),
        ("--sort stars", "'stars' is not one of"),
        ("--evry 1s", "--evry"),
        ("--every", "--every"),
    ],
)
def test_click_says_the_rest(file, options, words):
    done = starwatch("replay", file, *options.split())
    assert (done.code, done.out) == (2, "")
    assert "Traceback" not in done.err
    assert words in done.err.splitlines()[-1]


def test_no_file_is_named():
    done = starwatch("replay")
    assert done.code == 2
    assert "missing argument 'FILES...'" in done.err


def test_a_missing_file_and_an_empty_folder(file, tmp_path):
    assert failed("none.csv") == "none.csv cannot be read: no such file or directory"
    assert failed(file, "none.csv") == "none.csv cannot be read: no such file or directory"
    (tmp_path / "empty").mkdir()
    assert failed("empty").startswith("the folder empty holds no file of ratings. Files end in")
    (tmp_path / "notes.txt").write_text("hello\n")
    assert "--format" in failed("notes.txt")


def test_an_unknown_column_names_those_there_are(tmp_path):
    path = csv_file(tmp_path / "f.csv", "reviewer,thing,score", "u,p,5")
    line = failed(path)
    assert "has no column for the product" in line
    assert "reviewer, thing, score" in line
    assert "--column product=" in line
    assert starwatch("replay", path, "--column", "product=thing", "--every", "1ms").code == 0


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may read it all")
def test_a_file_that_may_not_be_read(file):
    file.chmod(0)
    assert "permission denied" in failed(file)


def test_a_broken_gzip_gives_what_came_before_the_break(tmp_path):
    lines = "".join(f"u{row * 7919 % 10_007},p,5,1600000000\n" for row in range(5000))
    whole = gzip.compress(lines.encode())
    path = tmp_path / "f.csv.gz"
    path.write_bytes(whole[: len(whole) // 2])
    kept = tmp_path / "rejects"
    options = ("--every", "1s", "--window", "10s", "--output", "jsonl", "--rejects", kept)
    done = starwatch("replay", path, "--as-fast-as-possible", *options)
    assert done.code == 1
    *summary, line = done.err.splitlines()
    assert line.startswith(f"error: {path} breaks off: ")
    assert "The ratings before the break were read" in line
    received = int(summary[0].split()[1].replace(",", ""))
    assert 1000 < received < 4000
    assert f"(after row {received})" in line
    # All windows that closed before the break are there; the last one is open, and stays open.
    assert [row["count"] for row in done.rows] == [10] * ((received - 1) // 10)
    assert f"{received - (received - 1) // 10 * 10} in open ones" in done.err
    assert kept.read_bytes() == b""


def test_with_a_state_what_came_before_the_break_is_committed(tmp_path):
    lines = "".join(f"u{row * 7919 % 10_007},p,5,1600000000\n" for row in range(5000))
    whole = gzip.compress(lines.encode())
    path, state, out = tmp_path / "f.csv.gz", tmp_path / "s", tmp_path / "w.csv"
    path.write_bytes(whole[: len(whole) // 2])
    words = ("replay", path, "--as-fast-as-possible", "--every", "1s", "--window", "10s", "--quiet")
    words += ("--state", state, "--output", f"csv:{out}")
    (line,) = starwatch(*words).err.splitlines()
    assert f"error: {path} breaks off: " in line
    assert "The state holds the ratings before the break" in line
    received = int(line.partition("(after row ")[2].partition(")")[0])
    ledger = starwatch("ledger", "--state", state)
    assert (ledger.code, f"received {received:,} ratings" in ledger.out) == (0, True)
    assert len(out.read_text().splitlines()) == 1 + (received - 1) // 10
    rows = out.read_bytes()
    assert starwatch(*words).err == f"{line}\n"
    assert out.read_bytes() == rows
    # The whole file, as the line says.
    path.write_bytes(whole)
    assert "another files" in starwatch(*words).err
    assert starwatch(*words, "--again").code == 0
    assert "received 5,000 ratings" in starwatch("ledger", "--state", state).out


def test_what_is_no_gzip_at_all(tmp_path):
    path = csv_file(tmp_path / "f.csv.gz", "u,p,5,1600000000")
    assert f"{path} breaks off" in failed(path, code=1)


def test_a_full_disk(file):
    if not os.path.exists("/dev/full"):  # noqa: PTH110 - a device
        pytest.skip("there is no /dev/full here")
    for option in (("--output", "jsonl:/dev/full"), ("--rejects", "/dev/full")):
        with file.open("a") as more:
            more.write("no rating\n")
        done = starwatch("replay", file, "--every", "1ms", "--as-fast-as-possible", *option)
        assert done.code == 1
        assert done.err.splitlines()[-1].startswith("error: /dev/full cannot be written: ")
        assert "Traceback" not in done.err


@pytest.mark.parametrize("output", [(), ("--output", "jsonl"), ("--output", "log")])
def test_the_reader_of_standard_output_goes(tmp_path, output):
    path = tmp_path / "f.csv"
    path.write_text("".join(f"u,p{row},5,1600000000\n" for row in range(60_000)))
    call = ("replay", path, "--every", "1ms", "--as-fast-as-possible", *output)
    with process(*call) as child:
        assert child.stdout.readline()
        child.stdout.close()
        assert child.stderr.read() == ""
        assert child.wait(timeout=30) == 1


def test_the_reader_of_a_paced_replay_goes(file):
    options = ("--every", "20ms", "--window", "20ms", "--loop", "--output", "jsonl")
    with process("replay", file, *options) as child:
        assert child.stdout.readline()
        child.stdout.close()
        assert child.stderr.read() == ""
        assert child.wait(timeout=30) == 1


def test_nobody_reads_the_errors(file):
    with process("replay", file, "--every", "1ms", stderr=subprocess.PIPE) as child:
        child.stderr.close()
        assert child.stdout.read()
        assert child.wait(timeout=30) in {0, 1}


def test_a_traceback_comes_with_debug_alone(file):
    done = starwatch("--debug", "replay", "none.csv")
    assert done.code == 2
    lines = done.err.splitlines()
    assert lines[0] == "Traceback (most recent call last):"
    assert "MissingInput" in lines[-2]
    assert lines[-1] == "error: none.csv cannot be read: no such file or directory"
    assert "Traceback" in starwatch("--debug", "replay", file, "--limit", "0").err


def test_a_fault_of_ours_is_one_line_too(file, monkeypatch):
    def broken(*_):
        raise KeyError("a\nb")

    monkeypatch.setattr("starwatch.sources.files.open_files", broken)
    assert failed(file, code=1).startswith("KeyError: ")
    assert "Traceback" in starwatch("--debug", "replay", file).err


def test_an_error_leaves_no_summary_of_nothing(file):
    done = run("replay", file, "--format", "parquet")
    assert done.code == 1
    assert done.err.startswith("error: ")
    assert len(done.err.splitlines()) == 1


def test_a_later_file_of_the_wrong_form_ends_the_run_with_its_summary(file, tmp_path):
    other = csv_file(tmp_path / "other.csv", "product,user", "p,u")
    done = starwatch("replay", file, other, "--every", "1s", "--as-fast-as-possible")
    assert done.code == 2
    assert done.err.splitlines()[-1].startswith(f"error: {other} has no column for")


def test_a_file_that_goes_away_between_laps(file):
    options = ("--every", "10ms", "--window", "10ms", "--loop", "--output", "jsonl")
    with process("replay", file, *options) as child:
        assert child.stdout.readline()
        file.unlink()
        soon(lambda: child.stdout.readline() == "")
        line = child.stderr.read().splitlines()[-1]
        assert child.wait(timeout=20) == 2
    assert line == f"error: {file} cannot be read: no such file or directory"


def test_an_input_that_cannot_be_read_empties_no_output(file, tmp_path):
    (tmp_path / "bad.csv").write_text("name,colour\nlamp,red\n")
    outputs = ("--output", "jsonl:rows.jsonl", "--output", "parquet:rows.parquet")
    replay(file, "--every", "1s", *outputs)
    before = [(tmp_path / name).read_bytes() for name in ("rows.jsonl", "rows.parquet")]
    for inputs in (["bad.csv"], [file, "bad.csv"]):
        assert "product is not known" in failed(*inputs, "--every", "1s", *outputs)
        after = [(tmp_path / name).read_bytes() for name in ("rows.jsonl", "rows.parquet")]
        assert after == before
    assert not list(tmp_path.glob("*.part"))


def test_a_file_that_breaks_off_leaves_no_parquet_that_looks_whole(file, tmp_path):
    outputs = ("--output", "jsonl:rows.jsonl", "--output", "parquet:rows.parquet")
    replay(file, "--every", "1s", *outputs)
    before = (tmp_path / "rows.parquet").read_bytes()
    packed = gzip.compress(b"".join(b"u,p,5,%d\n" % row for row in range(9**5)))
    (tmp_path / "cut.csv.gz").write_bytes(packed[: len(packed) // 2])
    done = starwatch("replay", "--as-fast-as-possible", "cut.csv.gz", "--rate", "1000", *outputs)
    assert done.code == 1
    assert (tmp_path / "rows.parquet").read_bytes() == before
    assert (tmp_path / "rows.jsonl").read_text().endswith("}\n")
    assert not list(tmp_path.glob("*.part"))


def test_a_second_name_of_an_input_is_an_input(file, tmp_path):
    os.link(file, tmp_path / "other.csv")
    before = (tmp_path / "other.csv").read_bytes()
    assert "other.csv is an input" in failed(file, "--output", "jsonl:other.csv")
    assert (tmp_path / "other.csv").read_bytes() == before


def test_a_closed_or_full_standard_output_is_one_line(file):
    line = f"{sys.executable} -m starwatch replay {file} --as-fast-as-possible --output jsonl"
    for end in (">&-", ">/dev/full"):
        done = subprocess.run(
            ["/bin/sh", "-c", f"{line} {end}"],
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )
        errors = [text for text in done.stderr.splitlines() if text.startswith("error: ")]
        assert done.returncode in (1, 2)
        assert len(errors) == 1
        assert "standard output" in errors[0]
        assert "Traceback" not in done.stderr
