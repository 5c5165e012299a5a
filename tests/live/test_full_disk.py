"""A service whose disk is full ends in one line; what it had not acknowledged comes again."""

import os
import secrets
import sys

import pytest

from commands import process
from durable.small_disk import small_disk
from live.mqtt import flood
from mqtt.serving import rating
from mqtt.test_kills import RUN, Runs, each_once

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(
        sys.platform != "linux" or os.geteuid() != 0, reason="only root may mount a small disk"
    ),
]

NUMBER = 10_000


def test_a_full_disk_loses_no_rating_of_a_broker(tmp_path, mosquitto, proxy_to):
    proxy = proxy_to(mosquitto.kind.port)
    with small_disk(tmp_path / "disk", 3000) as resize:
        runs = Runs(tmp_path / "disk", proxy)
        runs.drained(0)  # the session is there
        flood(
            mosquitto.kind.port,
            [rating(id=f"r{n}", reviewerID=secrets.token_hex(250)) for n in range(NUMBER)],
        )
        source = f"mqtt://127.0.0.1:{proxy.port}/ratings"
        for _ in range(2):  # once more on the full disk
            with process("run", "--source", source, "--state", runs.state, *RUN) as child:
                _, said = child.communicate(timeout=50)
            assert child.returncode == 1
            assert said.startswith("error: ")
            assert said.count("\n") == 1
            assert "Make room on the disk" in said
        assert 0 <= runs.committed < NUMBER
        resize(64_000)
        assert each_once(runs.drained(NUMBER), NUMBER)
