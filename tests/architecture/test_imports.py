"""The import rules hold, and each of them can fail: broken once in a copy of the source."""

import os
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
CONTRACTS = {
    contract["id"]: contract
    for contract in tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"][
        "contracts"
    ]
}


def lint(source, *only):
    """Run import-linter on the package in a folder; its exit code and what it printed."""
    command = ["lint-imports", "--no-cache", "--config", ROOT / "pyproject.toml"]
    for contract in only:
        command += ["--contract", contract]
    command[0] = Path(sys.executable).with_name("lint-imports")
    run = subprocess.run(
        command,
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
    pairs = [
        (low, high)
        for above, below in zip(layers, layers[1:], strict=False)
        for low in below
        for high in above
    ]
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


def test_a_clock_or_a_file_in_a_pure_folder_is_caught(source):
    rule = CONTRACTS["pure"]
    for module in rule["source_modules"]:
        for forbidden in rule["forbidden_modules"]:
            add_import(source, module, forbidden)
    code, output = lint(source, "pure")
    assert code == 1, output
    for module in rule["source_modules"]:
        for forbidden in rule["forbidden_modules"]:
            assert f"{module} is not allowed to import {forbidden}:" in output
