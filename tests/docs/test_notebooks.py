"""The notebooks stand in the docs as a run of them leaves them, and show nothing of a machine."""

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

DOCS = Path(__file__).parents[2] / "docs"
NOTEBOOKS = sorted((DOCS / "notebooks").glob("*.ipynb"))
BY_NAME = pytest.mark.parametrize("file", NOTEBOOKS, ids=lambda file: file.name)


def printed(file):
    """Source and printed text of each cell."""
    for cell in json.loads(file.read_text(encoding="utf-8"))["cells"]:
        outputs = cell.get("outputs", [])
        assert all(output["output_type"] == "stream" for output in outputs), outputs
        yield "".join(cell["source"]), "".join(line for o in outputs for line in o["text"])


@BY_NAME
def test_it_stands_there_executed_once_and_in_order(file):
    cells = json.loads(file.read_text(encoding="utf-8"))["cells"]
    runs = [cell["execution_count"] for cell in cells if cell["cell_type"] == "code"]
    assert runs == list(range(1, len(runs) + 1))


@BY_NAME
def test_it_shows_text_alone_and_nothing_of_a_machine(file):
    shown = "".join(text for _, text in printed(file))
    assert shown
    assert not re.search(r"Warning|Traceback|(?<![\w.])/[a-z]+/|[A-Z]:\\|https?://", shown)
    assert file.stat().st_size < 64 * 1024


@BY_NAME
def test_its_links_lead_somewhere(file):
    for link in re.findall(r"\]\(([^)#]+)", "".join(source for source, _ in printed(file))):
        assert (file.parent / link).exists(), link


@pytest.mark.slow
def test_a_run_prints_what_stands_there(tmp_path):
    make = [sys.executable, DOCS / "make_notebook.py", tmp_path]
    done = subprocess.run(make, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert NOTEBOOKS
    for file in NOTEBOOKS:
        assert list(printed(tmp_path / file.name)) == list(printed(file)), "run `make notebook`"
