"""Flags win over variables, those over the file, that over defaults; faults name the key."""

import json

import pytest

from commands import csv_file, replay, starwatch
from starwatch.errors import BadSetting, MissingInput, UsageError
from starwatch.ratings.scale import Scale
from starwatch.settings.job import build_job, given_settings
from starwatch.settings.sources import JobSettings
from starwatch.windows.job import Duplicates, Job, Quiet, WindowTime
from starwatch.windows.spec import WindowSpec


@pytest.fixture(autouse=True)
def no_variables(monkeypatch):
    for name in JobSettings.model_fields:
        monkeypatch.delenv(f"STARWATCH_{name.upper()}", raising=False)


@pytest.fixture
def config(tmp_path):
    def write(text):
        path = tmp_path / "starwatch.toml"
        path.write_text(text)
        return str(path)

    return write


NOTHING = {"window": (), "time": None, "bound": None}


def test_nothing_given_leaves_the_defaults():
    assert given_settings(NOTHING, None) == {}
    assert build_job({}, replay=True) == Job(live=False)
    assert build_job({}, replay=False).live


def test_flags_win_over_variables_and_those_over_the_file(config, monkeypatch):
    file = config('window = ["3h"]\nbound = "3s"\nlateness = "3s"\nduplicates = "ids"\n')
    monkeypatch.setenv("STARWATCH_BOUND", "2s")
    monkeypatch.setenv("STARWATCH_LATENESS", "2s")
    assert given_settings({**NOTHING, "bound": "1s"}, file) == {
        "bound": "1s",
        "lateness": "2s",
        "window": ["3h"],
        "duplicates": "ids",
    }


def test_every_key_reaches_the_job(config):
    file = config(
        'window = ["1h", "1d/1h+15m"]\nscale = "0.5..5/0.5"\ntime = "event"\nbound = "10s"\n'
        'lateness = "1m"\nquiet = "wait"\nduplicates = "content"\nhorizon = "2h"\nmax_entries = 7\n'
    )
    given = given_settings({}, file)
    assert given.keys() == JobSettings.model_fields.keys()
    assert build_job(given, replay=True) == Job(
        windows=(WindowSpec.parse("1h"), WindowSpec.parse("1d/1h+15m")),
        scale=Scale.parse("0.5..5/0.5"),
        time=WindowTime.EVENT,
        bound_ms=10_000,
        lateness_ms=60_000,
        quiet=Quiet.WAIT,
        duplicates=Duplicates.CONTENT,
        horizon_ms=7_200_000,
        max_entries=7,
        live=False,
    )


@pytest.mark.parametrize(("time", "bound_ms"), [("arrival", 0), ("event", 5000)])
def test_the_bound_follows_the_window_time(time, bound_ms):
    assert build_job({"time": time}, replay=True).bound_ms == bound_ms
    assert build_job({"time": time, "bound": "3s"}, replay=True).bound_ms == 3000


@pytest.mark.parametrize(
    ("text", "windows"),
    [
        ("30s/5s", ["30s/5s"]),
        ("1h 1d/1h+15m", ["1h", "1d/1h+15m"]),
        ('["1h", "2h/1h"]', ["1h", "2h/1h"]),
        (' ["1h"] ', ["1h"]),
    ],
)
def test_windows_in_a_variable(text, windows, monkeypatch):
    monkeypatch.setenv("STARWATCH_WINDOW", text)
    assert given_settings(NOTHING, None) == {"window": windows}


def test_names_of_variables_may_be_small(monkeypatch):
    monkeypatch.setenv("starwatch_bound", "9s")
    assert given_settings({}, None) == {"bound": "9s"}


def test_one_window_in_a_file_needs_no_list(config):
    assert given_settings(NOTHING, config('window = "1h"')) == {"window": ["1h"]}


def refused(kind, *arguments):
    with pytest.raises(kind) as caught:
        build_job(given_settings(*arguments), replay=True)
    text = str(caught.value)
    assert "\n" not in text
    return text


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("windw = ['1h']", "the key 'windw'"),
        ("[job]\nwindow = ['1h']", "the key 'job'"),
        ("bound = 10", "'bound'"),
        ("time = 'now'", "'time'"),
        ("max_entries = 0", "'max_entries'"),
        ("max_entries = 'many'", "'max_entries'"),
        ("window = [1]", "'window.0'"),
        ("bound = '10'", "bound: the duration '10' cannot be read"),
        ("lateness = 'x'", "lateness: the duration 'x'"),
        ("horizon = '-1s'", "horizon: the duration '-1s'"),
        ("window = ['30s/7s']", "30s/7s"),
        ("window = []", "no window"),
        ("scale = '1..5/3'", "1..5/3"),
        ("window = [", "cannot be read"),
    ],
)
def test_a_fault_in_the_file_names_its_key(config, text, words):
    assert words in refused(UsageError, {}, config(text))


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("STARWATCH_BUND", "1s", "STARWATCH_BUND is no setting. Did you mean STARWATCH_BOUND?"),
        ("STARWATCH_XYZ", "1s", "STARWATCH_XYZ is no setting. Known"),
        ("STARWATCH_WINDOW", "30s/7s", "30s/7s"),
        ("STARWATCH_WINDOW", "[1h]", "STARWATCH_WINDOW"),
        ("STARWATCH_TIME", "later", "STARWATCH_TIME"),
        ("STARWATCH_MAX_ENTRIES", "x", "STARWATCH_MAX_ENTRIES"),
        ("STARWATCH_LATENESS", "", "lateness"),
    ],
)
def test_a_fault_in_a_variable_names_it(monkeypatch, name, value, words):
    monkeypatch.setenv(name, value)
    assert words in refused(UsageError, {}, None)


def test_a_file_that_is_not_there(tmp_path):
    assert "--config" in refused(MissingInput, {}, str(tmp_path / "none.toml"))
    assert "is not there" in refused(MissingInput, {}, str(tmp_path))


def test_a_file_that_is_no_text(tmp_path):
    path = tmp_path / "f.toml"
    path.write_bytes(b"\xff\xfe")
    assert "cannot be read" in refused(BadSetting, {}, str(path))


# The same through the command


@pytest.fixture
def ratings(tmp_path):
    return csv_file(tmp_path / "f.csv", "u,p,5,1600000000")


def windows(ratings, *arguments, env=None):
    rows = replay(ratings, "--output", "jsonl", *arguments, env=env).out.splitlines()
    return {json.loads(row)["window"] for row in rows}


def test_the_command_goes_by_flag_then_variable_then_file_then_default(ratings, config):
    file, variable = ("--config", config('window = ["3h"]')), {"STARWATCH_WINDOW": "2h"}
    assert windows(ratings) == {"30s/5s"}
    assert windows(ratings, *file) == {"3h/3h"}
    assert windows(ratings, *file, env=variable) == {"2h/2h"}
    assert windows(ratings, *file, "--window", "1h", env=variable) == {"1h/1h"}


def test_the_scale_of_a_file_holds_unless_the_flag_is_given(ratings, config):
    file = ("--config", config('scale = "1..10/1"'))
    rows = replay(ratings, *file, "--output", "jsonl", "--window", "1h").rows
    assert len(rows[0]["stars"]) == 10
    # A flag that says what is the default anyway wins too.
    flag = ("--scale", "1..5/1")
    rows = replay(ratings, *file, *flag, "--output", "jsonl", "--window", "1h").rows
    assert len(rows[0]["stars"]) == 5


def test_the_window_time_of_a_file_meets_the_pace(ratings, config):
    file = config('time = "arrival"')
    done = starwatch("replay", ratings, "--speed", "9", "--config", file)
    assert done.code == 2
    assert "no windows by arrival" in done.err


@pytest.mark.parametrize("command", ["replay", "demo"])
def test_the_command_says_faults_in_one_line(ratings, config, command):
    call = (command, *([ratings] if command == "replay" else []))
    file = config("windw = 1")
    for done in (
        starwatch(*call, "--config", file),
        starwatch(*call, env={"STARWATCH_WINDOW": "30s/7s"}),
    ):
        assert (done.code, done.out) == (2, "")
        (line,) = done.err.splitlines()
        assert line.startswith("error: ")
    assert (
        f"the key 'windw' in {file} is unknown. Known keys: window"
        in starwatch(*call, "--config", file).err
    )
