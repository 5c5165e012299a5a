"""The sections of a service: file, environment, faults with their path, and their page."""

import json
from pathlib import Path

import pytest
from pydantic import BaseModel

from starwatch.errors import BadSetting
from starwatch.settings.job import given_settings
from starwatch.settings.sources import Settings, read_all

PAGE = Path(__file__).parents[2] / "docs" / "settings.md"
SECTIONS = ("state", "http", "log", "privacy")


@pytest.fixture
def config(tmp_path):
    def write(text):
        path = tmp_path / "starwatch.toml"
        path.write_text(text)
        return str(path)

    return write


def test_sections_come_from_the_file_and_the_environment_wins(config, monkeypatch):
    file = config(
        'bound = "3s"\n[http]\nport = 9000\nhost = "127.0.0.2"\n'
        '[[source]]\nurl = "mqtt://h/t"\nqos = 2\n[[sink]]\nurl = "jsonl:w.jsonl"\n'
    )
    monkeypatch.setenv("STARWATCH_HTTP__PORT", "9001")
    monkeypatch.setenv("STARWATCH_HTTP__TOKEN", "secret")
    settings = read_all(file)
    assert (settings.http.port, settings.http.host) == (9001, "127.0.0.2")
    assert settings.http.token.get_secret_value() == "secret"
    assert "secret" not in repr(settings)
    (source,) = settings.source
    assert (source.url, source.options()) == ("mqtt://h/t", {"qos": 2})
    assert [sink.url for sink in settings.sink] == ["jsonl:w.jsonl"]
    assert given_settings({}, file) == {"bound": "3s"}


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("[http]\nprot = 1\n", ["http.prot", "port"]),
        ('[http]\nport = "x"\n', ["http.port", "starwatch.toml", "`starwatch config init -`"]),
        ('[privacy]\nreviewers = "hide"\n', ["privacy.reviewers", "'drop'"]),
        ("[[source]]\nqos = 1\n", ["source.0.url"]),
        ("[htpp]\nport = 1\n", ["htpp", "http"]),
    ],
)
def test_a_fault_is_said_with_its_path(config, text, words):
    with pytest.raises(BadSetting) as caught:
        read_all(config(text))
    assert all(word in str(caught.value) for word in words), str(caught.value)


def test_an_unknown_variable_is_refused(monkeypatch):
    monkeypatch.setenv("STARWATCH_HTPP__PORT", "1")
    with pytest.raises(BadSetting, match="STARWATCH_HTTP"):
        read_all(None)


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("STARWATCH_HTTP__PROT", "1", ["is no setting", "Did you mean STARWATCH_HTTP__PORT?"]),
        ("starwatch_http__prot", "1", ["STARWATCH_HTTP__PROT is no setting"]),
        ("STARWATCH_HTTP__PORT", "x", ["`starwatch config init -`"]),
        ("STARWATCH_HTTP", '{"prot": 1}', ["the key 'http.prot' of"]),
        ("STARWATCH_HTTP", "8321", ["cannot be used"]),
        ("STARWATCH_SOURCE", "mqtt://h/t", ["JSON"]),
        ("STARWATCH_SOURCE", '[{"uri": "mqtt://h/t"}]', ["field required"]),
    ],
)
def test_a_fault_of_a_variable_is_not_blamed_on_the_file(config, monkeypatch, name, value, words):
    monkeypatch.setenv(name, value)
    with pytest.raises(BadSetting) as caught:
        read_all(config("[http]\nport = 1\n"))
    text = str(caught.value)
    assert f"the environment variable {name.upper()}" in text
    assert all(word in text for word in words), text
    assert "starwatch.toml" not in text


@pytest.mark.parametrize(
    ("value", "paths"),
    [
        ("/amazon", ["/amazon"]),
        ("/ratings /amazon", ["/ratings", "/amazon"]),
        ('["/ratings"]', ["/ratings"]),
    ],
)
def test_paths_in_a_variable(monkeypatch, value, paths):
    monkeypatch.setenv("STARWATCH_HTTP__PATH", value)
    assert read_all(None).http.path == paths


@pytest.mark.parametrize(
    "line",
    [
        "body_size = '16'",
        "body_size = '0MB'",
        "body_ratings = 0",
        "commit_timeout = '0s'",
        "idle_timeout = 60",
        "connections = 0",
        "idempotency_age = 'a day'",
    ],
)
def test_a_bound_that_cannot_be_is_named(config, line):
    key = line.partition(" ")[0]
    with pytest.raises(BadSetting, match=rf"the setting 'http\.{key}' in .*starwatch\.toml cannot"):
        read_all(config(f"[http]\n{line}\n"))


@pytest.mark.parametrize("token", ["hu sh", "hush\n", " hush", "h\u00fcsh", "hush\t", "hu\0sh"])
def test_a_token_that_no_header_can_carry_is_refused_and_not_shown(config, token):
    with pytest.raises(BadSetting) as caught:
        read_all(config(f"[http]\ntoken = {json.dumps(token)}\n"))
    text = str(caught.value)
    assert "'http.token' in" in text
    assert "a token has no spaces, no line ends" in text
    assert token.strip() not in text


def test_a_fault_of_the_file_is_not_blamed_on_a_variable(config, monkeypatch):
    monkeypatch.setenv("STARWATCH_HTTP__PORT", "1")
    monkeypatch.setenv("STARWATCH_HTTP", '{"host": "127.0.0.1"}')
    with pytest.raises(BadSetting, match=r"the key 'http\.prot' in .*starwatch\.toml is unknown"):
        read_all(config("[http]\nprot = 1\n"))


def test_every_key_of_a_section_stands_in_the_docs():
    page = PAGE.read_text()
    for name in SECTIONS:
        section = Settings.model_fields[name].annotation
        assert issubclass(section, BaseModel)
        for key in section.model_fields:
            assert f"| `{name}` `{key}` |" in page
