from pathlib import Path

import pytest

from starwatch.sinks.registry import sink_names


@pytest.fixture(params=sink_names())
def sink(request: pytest.FixtureRequest) -> str:
    return request.param


@pytest.fixture
def target(tmp_path: Path) -> Path:
    return tmp_path / "windows.out"
