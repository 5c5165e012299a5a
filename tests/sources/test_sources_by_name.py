import subprocess
import sys
import tomllib
from importlib import metadata
from pathlib import Path

import pytest

from starwatch.errors import BadSetting
from starwatch.sources import registry


def test_ours_are_those_of_the_project_file(project_entry_points):
    assert project_entry_points[registry.GROUP] == registry._OURS  # noqa: SLF001


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
