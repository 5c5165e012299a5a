"""The chain of the reference by hand, as the README has it: broker, `run`, `replay --to`."""

import json
from decimal import Decimal

import pytest

from cli.test_run import free_port, ready
from commands import interrupted, process, soon
from servers.ports import HOST

pytestmark = pytest.mark.slow


def closed(path):
    """Means with two digits by product, of each window, by its end."""
    windows = {}
    if path.exists():
        for line in path.read_text().splitlines():
            row = json.loads(line, parse_float=Decimal)
            mean = row["mean"].quantize(Decimal("0.01"))
            windows.setdefault(row["end"], {})[row["product"]] = mean
    return [windows[end] for end in sorted(windows)]


def test_it_prints_the_means_that_were_calculated_by_hand(shared_data, mosquitto, tmp_path):
    by_hand = json.loads(
        (shared_data / "movies_and_tv_first_six_windows.json").read_text(), parse_float=Decimal
    )["windows"]
    broker = f"mqtt://{HOST}:{mosquitto.kind.port}/amazon"
    out, port = tmp_path / "w.jsonl", free_port()
    movies = shared_data / "movies_and_tv_first_252.csv"
    where = ("--state", tmp_path / "s", "--port", port, "--sink", f"jsonl:{out}")
    with process("run", "--source", broker, "--time", "arrival", *where) as service:
        soon(lambda: ready(port))
        play = ("replay", movies, "--every", "1s", "--limit", "31", "--to", broker)
        with process(*play) as edge:
            _, told = edge.communicate(timeout=55)
            assert edge.returncode == 0, told
        soon(lambda: len(closed(out)) >= len(by_hand))
        shown = interrupted(service, within=8).out.splitlines()
    expected = [{p: mean.quantize(Decimal("0.01")) for p, mean in w.items()} for w in by_hand]
    assert closed(out)[: len(by_hand)] == expected
    printed = {(line.split()[2], Decimal(line.split()[3])) for line in shown}
    assert printed >= {each for window in expected for each in window.items()}
