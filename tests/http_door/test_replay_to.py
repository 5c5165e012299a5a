"""`replay --to http://` against `run`, both as processes: nothing lost, nothing counted twice."""

import threading
import time

import pytest

from commands import process, soon, starwatch
from durable.runs import committed
from servers.ports import free_port


def file_of(folder, rows):
    path = folder / "ratings.csv"
    lines = [f"A{at},p{at % 50},{1 + at % 5},{1_358_380_800 + at}" for at in range(rows)]
    path.write_text("\n".join(lines) + "\n")
    return path


def service(folder, port):
    words = ("--source", "none", "--state", folder / "s", "--port", port, "--quiet")
    return process("run", *words, "--window", "1h", "--time", "arrival")


def received(folder):
    """How many ratings the state holds; it may not be there yet."""
    return max(committed(folder / "s"), 0)


@pytest.mark.parametrize("mode", ["", "#form=yes"])
def test_a_replay_arrives_whole_and_says_so(tmp_path, mode):
    rows = 30 if mode else 2500
    path, port = file_of(tmp_path, rows), free_port()
    with (
        service(tmp_path, port),
        process(
            *("replay", path, "--as-fast-as-possible", "--every", "1s"),
            *("--to", f"http://127.0.0.1:{port}/ratings{mode}"),
        ) as sender,
    ):
        _, said = sender.communicate(timeout=50)
    assert sender.returncode == 0, said
    assert f"{rows:,} acknowledged" in said
    assert received(tmp_path) == rows


@pytest.mark.slow
def test_a_service_killed_again_and_again_under_a_replay_counts_each_rating_once(tmp_path):
    rows = 120_000
    path, port = file_of(tmp_path, rows), free_port()
    words = ("replay", path, "--as-fast-as-possible", "--every", "1s")
    kills = 0
    with process(*words, "--to", f"http://127.0.0.1:{port}/ratings") as sender:
        said: list[str] = []
        reader = threading.Thread(target=lambda: said.append(sender.stderr.read()))
        reader.start()
        while sender.poll() is None:
            with service(tmp_path, port) as watching:
                before = received(tmp_path)
                soon(
                    lambda at=before: received(tmp_path) > at + 15_000 or sender.poll() is not None,
                    seconds=50,
                )
                if sender.poll() is None and kills < 5:
                    watching.kill()
                    kills += 1
                else:
                    while sender.poll() is None:
                        time.sleep(0.05)
        reader.join()
    assert sender.returncode == 0, said
    assert kills >= 3
    assert f"{rows:,} acknowledged" in said[0]
    assert received(tmp_path) == rows
    assert starwatch("ledger", "--state", tmp_path / "s").code == 0
