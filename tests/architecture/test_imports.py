"""The import rules hold, and each of them can fail: broken once in a copy of the source."""

import os
import shutil
import subprocess
import sys
import tomllib
from itertools import pairwise, product
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
CONTRACTS = {rule["id"]: rule for rule in PROJECT["tool"]["importlinter"]["contracts"]}


def lint(source, *only):
    """Run import-linter on the package in a folder; its exit code and what it printed."""
    contracts = [word for contract in only for word in ("--contract", contract)]
    program = Path(sys.executable).with_name("lint-imports")
    run = subprocess.run(
        [program, "--no-cache", "--config", ROOT / "pyproject.toml", *contracts],
        cwd=source,
        env=os.environ | {"PYTHONPATH": str(source), "COLUMNS": "200"},
        capture_output=True,
        text=True,
        check=False,
    )
    return run.returncode, run.stdout + run.stderr


def folders(layer):
    """The names in one line of the layers contract."""
    return [name.strip(" ()") for name in layer.replace(":", "|").split("|")]


def add_import(source, module, imported):
    """Let a module import another one, in a file of its own where the module is a folder."""
    path = source.joinpath(*module.split("."))
    file = path / "broken.py" if path.is_dir() else path.with_suffix(".py")
    with file.open("a") as text:
        text.write(f"\nimport {imported}\n")


@pytest.fixture
def source(tmp_path):
    """A copy of the source that a test may break."""
    shutil.copytree(ROOT / "src", tmp_path / "src", ignore=shutil.ignore_patterns("__pycache__"))
    return tmp_path / "src"


def present(names):
    """Those of these names that the package has by now."""
    package = ROOT / "src" / "starwatch"
    return [n for n in names if (package / n).is_dir() or (package / f"{n}.py").is_file()]


def test_the_source_keeps_every_rule(source):
    code, output = lint(source)
    assert code == 0, output


def test_a_layer_that_imports_from_above_is_caught(source):
    layers = [present(folders(layer)) for layer in CONTRACTS["layers"]["layers"]]
    layers = [layer for layer in layers if layer]
    pairs = [(low, high) for above, below in pairwise(layers) for low in below for high in above]
    for low, high in pairs:
        add_import(source, f"starwatch.{low}", f"starwatch.{high}")
    code, output = lint(source, "layers")
    assert code == 1, output
    for low, high in pairs:
        assert f"starwatch.{low} is not allowed to import starwatch.{high}:" in output


def test_a_folder_without_a_place_is_caught(source):
    (source / "starwatch" / "helpers").mkdir()
    (source / "starwatch" / "helpers" / "__init__.py").touch()
    code, output = lint(source, "layers")
    assert code == 1, output
    assert "helpers" in output


@pytest.mark.parametrize("rule", ["pure", "clockless"])
def test_a_clock_or_a_file_in_a_pure_folder_is_caught(source, rule):
    modules, forbidden = CONTRACTS[rule]["source_modules"], CONTRACTS[rule]["forbidden_modules"]
    pairs = list(product(modules, forbidden))
    for module, name in pairs:
        add_import(source, module, name)
    code, output = lint(source, rule)
    assert code == 1, output
    for module, name in pairs:
        assert f"{module} is not allowed to import {name}:" in output


def test_a_proof_that_knows_what_it_proves_is_caught(source):
    rule = CONTRACTS["independent"]
    pairs = list(product(rule["source_modules"], rule["forbidden_modules"]))
    for module, name in pairs:
        add_import(source, module, name)
    code, output = lint(source, "independent")
    assert code == 1, output
    for module, name in pairs:
        assert f"{module} is not allowed to import {name}:" in output


def test_an_adapter_that_imports_another_is_caught(source):
    adapters = CONTRACTS["adapters"]["modules"]
    pairs = [(a, b) for a, b in product(adapters, adapters) if a != b]
    for module, other in pairs:
        add_import(source, module, other)
    code, output = lint(source, "adapters")
    assert code == 1, output
    for module, other in pairs:
        assert f"{module} is not allowed to import {other}:" in output


def test_every_adapter_is_among_those_that_must_not_import_each_other():
    groups = PROJECT["project"]["entry-points"].values()
    modules = {target.partition(":")[0] for points in groups for target in points.values()}
    assert modules == set(CONTRACTS["adapters"]["modules"])
