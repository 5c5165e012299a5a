"""Each line of the README that sends one rating gets it onto the table."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from cli.test_run import free_port, ready
from commands import interrupted, process, soon, starwatch
from live.kafka_ratings import make_topic
from servers.ports import HOST

pytestmark = pytest.mark.slow

README = (Path(__file__).parents[2] / "README.md").read_text()


def line_with(program):
    (found,) = re.findall(rf"^.*\b{program} .*$", README, re.MULTILINE)
    return found


def said(line):
    subprocess.run(["bash", "-c", line], check=True, capture_output=True, timeout=30)


@pytest.mark.parametrize("program", ["mosquitto_pub", "curl -d", "kcat"])
def test_a_line_of_the_readme_gets_a_rating_onto_the_table(program, request, unique, tmp_path):
    tool = program.split()[0]
    assert shutil.which(tool), f"{tool} is installed by `make servers-install`"
    line, source, port = line_with(program), "none", free_port()
    if tool == "mosquitto_pub":
        broker = request.getfixturevalue("mosquitto").kind.port
        source = f"mqtt://{HOST}:{broker}/amazon"
        line = line.replace(tool, f"{tool} -h {HOST} -p {broker}")
    elif tool == "kcat":
        address = request.getfixturevalue("kafka")
        source = f"kafka://{address}/{unique}"
        line = line.replace("127.0.0.1:9092", address).replace("-t ratings", f"-t {unique}")
        make_topic(address, unique)
    line = line.replace("127.0.0.1:8321", f"127.0.0.1:{port}")
    where = ("--state", tmp_path / "s", "--port", port)
    rules = ("--window", "2s/1s", "--time", "arrival")
    with process("run", "--source", source, *where, *rules) as service:
        soon(lambda: ready(port))
        said(line)
        soon(lambda: "2 in closed windows" in starwatch("ledger", "--state", tmp_path / "s").out)
        shown = interrupted(service, within=8).out.splitlines()
    assert {tuple(row.split()[2:5]) for row in shown} == {("0000143502", "5.00", "(1)")}
