import subprocess
import sys
import tomllib
from importlib import metadata
from pathlib import Path

import pytest

from starwatch.codecs.options import InputOptions
from starwatch.errors import BadSetting
from starwatch.ratings.scale import Scale
from starwatch.sinks.publishers import PUBLISHERS, open_publisher
from starwatch.sources import registry
from starwatch.sources.live import SOURCES, SourceContext, open_live


def test_ours_are_those_of_the_project_file(project_entry_points):
    assert project_entry_points[registry.GROUP] == registry._OURS  # noqa: SLF001


@pytest.mark.parametrize("schemes", [SOURCES, PUBLISHERS], ids=lambda schemes: schemes.kind)
def test_so_are_those_that_go_by_a_scheme(schemes, project_entry_points):
    assert project_entry_points[schemes.group] == schemes.ours


@pytest.mark.parametrize("schemes", [SOURCES, PUBLISHERS], ids=lambda schemes: schemes.kind)
def test_an_installed_scheme_is_found(schemes, monkeypatch):
    entry = metadata.EntryPoint("amqp", "pathlib:Path", schemes.group)
    monkeypatch.setattr(metadata, "entry_points", lambda group: [entry])  # noqa: ARG005
    assert schemes.factory("amqp://h/t") is Path


def opened(url):
    return open_live(url, SourceContext(InputOptions(), Scale(), False, {}))


@pytest.mark.parametrize("opening", [opened, lambda url: open_publisher(url, {})])
@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("ftp://h/t", "for ftp://. Use a URL like mqtt://HOST:PORT/TOPIC; it begins with"),
        ("h/t", "without a scheme. "),
        ("mqtt://[::1/t", "cannot be read. "),
        ("mqtt://h/t?qos=7", "the MQTT option qos cannot be 7. It is 0, 1 or 2"),
        ("mqtt://h/t?in_flight=0", "the MQTT option in_flight cannot be 0. It is "),
    ],
)
def test_a_url_that_cannot_be_used_is_refused_with_what_can(opening, url, words):
    with pytest.raises(BadSetting) as caught:
        opening(url)
    assert words in str(caught.value)


@pytest.fixture
def project_entry_points():
    text = (Path(__file__).parents[2] / "pyproject.toml").read_text(encoding="utf-8")
    return tomllib.loads(text)["project"]["entry-points"]


def test_only_the_named_one_is_imported():
    code = (
        "import sys; from starwatch.sources.registry import source_named; source_named('csv'); "
        "print([m for m in sys.modules if m in ("
        "'starwatch.sources.parquet_files', 'starwatch.sources.jsonl_files', 'pyarrow.parquet', "
        "'importlib.metadata')])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"


def test_an_installed_source_is_found(monkeypatch):
    entry = metadata.EntryPoint("orc", "pathlib:Path", registry.GROUP)
    monkeypatch.setattr(metadata, "entry_points", lambda group: [entry])  # noqa: ARG005

    assert registry.source_named("orc") is Path


def test_an_unknown_one_is_refused_with_those_there_are():
    with pytest.raises(BadSetting) as caught:
        registry.source_named("parqet")
    assert "Did you mean parquet? Use --format csv, jsonl or parquet" in str(caught.value)
