"""Prometheus reads the metrics that a test serves, and promtool judges them."""

import json
import subprocess
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import quote
from urllib.request import urlopen

import pytest

from servers.ports import HOST, free_port
from servers.processes import wait
from servers.programs import path_of
from servers.prometheus import Prometheus

METRICS = b"# HELP ratings_total Ratings.\n# TYPE ratings_total counter\nratings_total 30\n"


class Metrics(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "text/plain; version=0.0.4")
        self.end_headers()
        self.wfile.write(METRICS)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture
def target():
    """The port of a server whose metrics are read."""
    with ThreadingHTTPServer((HOST, 0), Metrics) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server.server_port
        server.shutdown()


@pytest.mark.slow
def test_it_scrapes_a_target(servers, target):
    kind = Prometheus(port=free_port(), targets=(target,), every="100ms")
    servers.start(kind)

    def value() -> list[str]:
        with urlopen(f"{kind.address()}/api/v1/query?query={quote('ratings_total')}") as answer:
            return [row["value"][1] for row in json.load(answer)["data"]["result"]]

    assert wait(lambda: value() == ["30"], 15)


@pytest.mark.usefixtures("prometheus_programs")
@pytest.mark.parametrize(("text", "code"), [(METRICS, 0), (b"ratings_total{ 30\n", 1)])
def test_promtool_tells_good_metrics_from_bad(text, code):
    command = [path_of("promtool"), "check", "metrics"]
    assert subprocess.run(command, input=text, capture_output=True, check=False).returncode == code
