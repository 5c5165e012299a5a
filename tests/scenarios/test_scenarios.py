"""Every scenario, on the model and on the engine, rating by rating and in large batches."""

import pytest

from model.adapter import ModelEngine
from starwatch.scenarios.runner import run_script
from starwatch.scenarios.script import SHIPPED, read_script

FILES = sorted(SHIPPED.glob("*.ratings"))


def engine():
    return pytest.importorskip("starwatch.engine").Engine


@pytest.mark.parametrize("batches", [False, True], ids=["one-by-one", "batches"])
@pytest.mark.parametrize("factory", [lambda: ModelEngine, engine], ids=["model", "engine"])
@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_scenario(path, factory, batches):
    failure = run_script(read_script(path), factory(), batches=batches)
    if failure:
        diff = "\n".join(failure.diff)
        pytest.fail(f"{path.name}:{failure.line}: {failure.what}\n{diff}", pytrace=False)


def test_there_are_scenarios():
    assert len(FILES) >= 44
