"""The Grafana dashboard: made by Grafana's own types, and asking for metrics that there are."""

import importlib.util
import json
import re
import subprocess
import tomllib
from pathlib import Path

import pytest
from grafana_foundation_sdk.cog.encoder import JSONEncoder
from grafana_foundation_sdk.cog.plugins import register_default_plugins
from grafana_foundation_sdk.models.dashboard import Dashboard

from servers.programs import path_of

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "deploy" / "grafana"
FILE = FOLDER / "starwatch.json"
TEXT = FILE.read_text(encoding="utf-8")
BOARD = json.loads(TEXT)
DOCUMENTED = (ROOT / "docs" / "metrics.md").read_text(encoding="utf-8")
NAME = re.compile(r"\b(?:starwatch|process)_[a-z_]+")


def queries():
    return [target["expr"] for panel in BOARD["panels"] for target in panel["targets"]]


def test_the_file_is_what_the_script_makes():
    spec = importlib.util.spec_from_file_location("made", FOLDER / "make_dashboard.py")
    made = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(made)
    assert made.dashboard() == TEXT


def test_grafanas_own_types_read_it_and_write_the_same():
    register_default_plugins()
    board = Dashboard.from_json(BOARD)
    assert json.loads(JSONEncoder().encode(board)) == BOARD
    assert {type(target).__module__ for panel in board.panels for target in panel.targets} == {
        "grafana_foundation_sdk.models.prometheus"
    }


def metrics_with_labels():
    """Of each documented metric its labels."""
    rows = re.findall(r"^\| `(\w+)` \|([^|]*)\|", DOCUMENTED, re.MULTILINE)
    found = {name: set(re.findall(r"`(\w+)`", labels)) for name, labels in rows}
    for name in re.findall(r"`(process_\w+)`", DOCUMENTED):
        found.setdefault(name, set())
    return found


@pytest.mark.parametrize("query", queries())
def test_every_query_asks_for_a_metric_and_labels_that_there_are(query):
    known = metrics_with_labels()
    (name,) = NAME.findall(query)
    name = re.sub(r"_(bucket|count|sum)$", "", name) if name not in known else name
    assert name in known
    grouped = re.findall(r"by \(([^)]*)\)", query)
    labels = {label.strip() for group in grouped for label in group.split(",")} - {"le"}
    assert labels <= known[name]


def test_what_legends_name_is_in_the_answers():
    for panel in BOARD["panels"]:
        for target in panel["targets"]:
            query, legend = target["expr"], target.get("legendFormat", "")
            (name,) = NAME.findall(query)
            kept = metrics_with_labels().get(name, set()) | {"job"}
            grouped = re.search(r"by \(([^)]*)\)", query)
            if grouped:
                kept = {label.strip() for label in grouped[1].split(",")}
            assert set(re.findall(r"{{(\w+)}}", legend)) <= kept, panel["title"]


@pytest.mark.usefixtures("prometheus_programs")
def test_prometheus_can_read_every_query(tmp_path):
    rules = tmp_path / "rules.yml"
    lines = ["groups: [{name: g, rules: ["]
    for at, query in enumerate(queries()):
        asked = query.replace("$__rate_interval", "1m").replace("$job", ".*")
        lines.append(f"{{record: 'r:{at}', expr: {json.dumps(asked)}}},")
    rules.write_text("\n".join([*lines, "]}]"]))
    command = [path_of("promtool"), "check", "rules", str(rules)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_what_was_promised_is_on_it():
    titles = " ".join(panel["title"] for panel in BOARD["panels"])
    for word in ("class", "Watermark", "commit", "wait", "sinks", "Sources", "Books"):
        assert word in titles


def test_it_is_a_tool_of_developers_alone():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    assert not any("grafana" in need for need in project["project"]["dependencies"])
