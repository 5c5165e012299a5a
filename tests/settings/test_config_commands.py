"""`starwatch config`: a sample that can be used, faults by their path, no secret shown."""

import re
import tomllib

import pytest

from commands import starwatch
from starwatch.settings.job import build_job, given_settings
from starwatch.settings.secrets import SECRET_NAMES
from starwatch.settings.sources import Settings, read_all


def test_the_sample_uncommented_is_the_defaults(tmp_path):
    path = tmp_path / "starwatch.toml"
    done = starwatch("config", "init", path)
    assert (done.code, done.err) == (0, "")
    assert read_all(str(path)).model_dump() == read_all(None).model_dump()
    text = re.sub(r"(?m)^#(?! )", "", path.read_text())
    tables = tomllib.loads(text)
    assert tables.keys() == Settings.model_fields.keys()
    path.write_text(text)
    settings, defaults = read_all(str(path)), read_all(None)
    for section in ("http", "log", "privacy"):
        assert getattr(settings, section) == getattr(defaults, section)


def test_a_file_that_is_there_is_not_overwritten(tmp_path):
    path = tmp_path / "starwatch.toml"
    path.write_text("bound = '1s'")
    done = starwatch("config", "init", path)
    assert (done.code, path.read_text()) == (2, "bound = '1s'")
    assert done.err.startswith(f"error: {path} is there already")


def test_the_sample_goes_to_standard_output():
    assert "#port = 8321" in starwatch("config", "init", "-").out


def test_what_is_in_force_is_shown_without_secrets(tmp_path, monkeypatch):
    path = tmp_path / "starwatch.toml"
    path.write_text(
        'window = ["1h"]\n[http]\ntoken = "hush"\n'
        '[[source]]\nurl = "mqtt://me:hush@h/t"\npassword = "hush"\nqos = 2\n'
        '[[sink]]\nurl = "postgresql://me:hush@h/d?table=w"\n'
    )
    monkeypatch.setenv("STARWATCH_HTTP__PORT", "9000")
    done = starwatch("config", "show", path)
    assert (done.code, done.err) == (0, "")
    assert "hush" not in done.out
    tables = tomllib.loads(done.out)
    assert tables["window"] == ["1h"]
    assert tables["http"]["port"] == 9000
    assert tables["source"] == [{"url": "mqtt://me:***@h/t", "password": "***", "qos": 2}]


@pytest.mark.parametrize(
    ("text", "bound", "duplicates"),
    [("", "5s", "content"), ('time = "arrival"\n', "0s", "ids")],
)
def test_rules_that_follow_from_others_are_shown_as_defaults(tmp_path, text, bound, duplicates):
    path = tmp_path / "starwatch.toml"
    path.write_text(text + 'horizon = "2h"\n[state]\ndir = "d"\n')
    lines = starwatch("config", "show", path).out.splitlines()
    assert f'bound = "{bound}"  # default' in lines
    assert f'duplicates = "{duplicates}"  # default' in lines
    assert 'horizon = "2h"' in lines
    assert 'dir = "d"' in lines
    assert 'url = "mqtt://127.0.0.1:1883/ratings"  # default' in lines
    assert 'keep = "7d"  # default, unless the state remembers another' in lines


@pytest.mark.parametrize("text", ["", "source = []\n", '[[sink]]\nurl = "jsonl:w.jsonl"\n'])
def test_what_is_shown_is_a_file_that_says_the_same(tmp_path, text):
    path, again = tmp_path / "starwatch.toml", tmp_path / "again.toml"
    path.write_text(text)
    again.write_text(starwatch("config", "show", path).out)
    shown = tomllib.loads(again.read_text())
    assert shown == tomllib.loads(starwatch("config", "show", again).out)
    assert set(Settings.model_fields) - set(shown) <= {"sink", "source"}
    assert build_job(given_settings({}, str(again)), replay=False) == build_job({}, replay=False)


@pytest.mark.parametrize(
    "text",
    [
        '[[source]]\nurl = "kafka://h/t?sasl.password=hush&sasl.oauthbearer.client.secret=hush"\n',
        '[[source]]\nurl = "kafka://h/t"\n"sasl.password" = "hush"\n"ssl.key.pem" = "hush"\n',
        '[[source]]\nurl = "kafka://h/t"\nsasl.password = "hush"\n',
        '[[source]]\nurl = "mqtt://me:hu/hush@h/t"\n',
        '[[source]]\nurl = "mqtt://me:hush@[::1/t"\n',
    ],
)
def test_no_secret_is_shown_wherever_it_stands(tmp_path, text):
    path = tmp_path / "starwatch.toml"
    path.write_text(text)
    done = starwatch("config", "show", path)
    assert (done.code, done.err) == (0, "")
    assert "hush" not in done.out
    assert "***" in done.out


@pytest.mark.parametrize("name", [*sorted(SECRET_NAMES), "sasl.password", "ssl_key"])
def test_no_option_that_may_be_a_secret_is_shown_by_show_or_doctor(tmp_path, name):
    path = tmp_path / "starwatch.toml"
    path.write_text(
        f'[http]\nenabled = false\n[state]\ndir = "{tmp_path}/s"\n'
        f'[[sink]]\nurl = "postgresql://u@127.0.0.1:9/d?table=w&{name}=hush"\n'
        f'[[sink]]\nurl = "redis://127.0.0.1:9/0"\n"{name}" = "hush"\n'
        f'[[source]]\nurl = "kafka://127.0.0.1:9/t?{name}=hush"\n'
    )
    shown = starwatch("config", "show", path)
    assert (shown.code, shown.err) == (0, "")
    assert shown.out.count("***") == 3
    checked = starwatch("doctor", "--config", path, "--source", "none")
    assert "postgresql://u@127.0.0.1:9/d" in checked.out
    assert "hush" not in shown.out + checked.out + checked.err


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ('window = ["7s/5s"]\n', "multiple"),
        ("[http]\nprot = 1\n", "http.prot"),
        ('[[source]]\nurl = "ftp://h/t"\n', "ftp"),
        ('[[source]]\nurl = "mqtt://me:hush@[::1/t"\n', "the URL of a live source cannot be read"),
        ('[[sink]]\nurl = "nowhere:x"\n', "nowhere"),
        ('[[sink]]\nurl = "redis://h/0"\nmaxlon = 5\n', "maxlon"),
        ('[state]\nkeep_size = "-1GB"\n', "-1GB"),
        ('[state]\nkeep = "a while"\n', "a while"),
        ('[state]\nbacklog = "much"\n', "much"),
        ('[http]\nhost = "0.0.0.0"\n', "there is no token"),
        ('[http]\npath = "ratings"\n', "http.path"),
        ('[http]\npath = ["/ratings", "/metrics"]\n', "answered by Starwatch itself"),
        ("[http]\npath = []\n", "http.path"),
    ],
)
def test_a_file_that_cannot_be_used_is_one_line_and_exit_2(tmp_path, text, words):
    path = tmp_path / "starwatch.toml"
    path.write_text(text)
    done = starwatch("config", "check", path)
    assert done.code == 2
    assert done.err.startswith("error: ")
    assert done.err.count("\n") == 1
    assert words in done.err
    assert "hush" not in done.err


def test_a_good_file_is_said_to_be(tmp_path):
    path = tmp_path / "starwatch.toml"
    path.write_text('window = ["1h/10m"]\n[[sink]]\nurl = "jsonl:w.jsonl"\n')
    done = starwatch("config", "check", path)
    assert (done.code, done.err) == (0, "")
    assert "windows 1h/10m by event time, 0 sources, 1 sink\n" in done.out
