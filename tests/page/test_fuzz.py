"""Whatever is asked of the API, the answer is as it is described, and nothing breaks."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from http_door.served import served


@pytest.mark.slow
def test_schemathesis_finds_nothing_against_the_description(evil, tmp_path):
    description = evil.get("/openapi.json").json
    del description["paths"]["/api/v1/stream"]  # its answers have no end
    file = tmp_path / "openapi.json"
    file.write_text(json.dumps(description))
    done = subprocess.run(
        [
            Path(sys.executable).with_name("schemathesis"),
            *("--config-file", Path(__file__).with_name("schemathesis.toml")),
            *("run", file, "--url", evil.url),
            *("--max-examples", "60", "--no-color", "--continue-on-failure"),
        ],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=500,
        check=False,
    )
    assert done.returncode == 0, done.stdout
    number = len(description["paths"])
    assert f"{number} selected / {number} total" in done.stdout
    assert evil.get("/readyz").status == 200


def test_the_description_tells_every_path_of_a_running_job(tmp_path):
    with served(tmp_path, page={}) as door:
        described = set(door.get("/openapi.json").json["paths"])
    assert {"/ratings", "/metrics", "/api/v1/products", "/api/v1/stream"} <= described
