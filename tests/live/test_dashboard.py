"""The dashboard's queries, asked of a Prometheus that reads the metrics of a running demo."""

import json
from pathlib import Path
from urllib.parse import quote
from urllib.request import urlopen

import pytest

from commands import interrupted, process, soon
from servers.ports import free_port
from servers.prometheus import Prometheus

FILE = Path(__file__).parents[2] / "deploy" / "grafana" / "starwatch.json"
BOARD = json.loads(FILE.read_text(encoding="utf-8"))
NOT_IN_A_DEMO = ("starwatch_source_lag_messages",)  # it reads no Kafka


def queries():
    for panel in BOARD["panels"]:
        for target in panel["targets"]:
            query = target["expr"].replace("$__rate_interval", "10s").replace("$job", ".*")
            if not any(name in query for name in NOT_IN_A_DEMO):
                yield panel["title"], query


@pytest.mark.slow
def test_every_panel_has_something_to_show(servers, tmp_path):
    port = free_port()
    sink = ("--sink", f"jsonl:{tmp_path / 'w.jsonl'}")
    with process("demo", "--port", port, "--past", "1m", "--quiet", *sink) as child:
        prometheus = Prometheus(port=free_port(), targets=(port,), every="500ms")
        servers.start(prometheus)

        def answers(query):
            url = f"{prometheus.address()}/api/v1/query?query={quote(query)}"
            with urlopen(url, timeout=20) as answer:
                return json.load(answer)["data"]["result"]

        for title, query in queries():
            assert soon(lambda query=query: answers(query), seconds=40), title
        (books,) = answers("sum(abs(starwatch_ledger_imbalance))")
        assert books["value"][1] == "0"
        interrupted(child, within=10)
