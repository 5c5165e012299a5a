"""The demo as a person meets it: on a terminal, on a pipe, and at its end."""

import re
import socket
import sys
import time

import pytest

from commands import Done, interrupted, process, read_rows, soon, starwatch
from starwatch.ratings.durations import moment_ms

if sys.platform == "win32":
    pytest.skip("Windows has no pseudo-terminals of this kind", allow_module_level=True)

import signal
import termios

from commands.terminal import Terminal

DEMO = ("demo", "--port", "0", "--past", "1m")


def received(frame):
    return int(re.search(r"received ([\d,]+)", frame)[1].replace(",", ""))


def test_a_table_that_moves_within_seconds_and_keys_that_work():
    begun = time.monotonic()
    windows = ("--window", "20s/1s", "--window", "1m")
    with Terminal(*DEMO, "--rate", "40", *windows) as terminal:
        row = r"[A-Z0-9]{10} +\S.* \d\.\d\d +\d+ +[▁▂▃▄▅▆▇█]{5}"
        terminal.waits_for(rf"20s/1s: .* provisional, by count.*{row}", seconds=10)
        soon(lambda: len({received(f) for f in terminal.frames()}) > 2, seconds=5)
        assert time.monotonic() - begun < 10  # two where nothing else runs
        assert re.match(r"the page is at http://127\.0\.0\.1:\d+/\r\n", terminal.raw)
        terminal.waits_for(r"q quit   page http://127\.0\.0\.1:\d+/")

        at = terminal.press("s")
        terminal.waits_for("20s/1s: .*by mean", at)
        at = terminal.press("w")
        terminal.waits_for("1m/1m: .*by mean", at)
        at = terminal.press("w")
        terminal.waits_for("20s/1s: .*by mean", at)

        at = terminal.press("p")
        held = received(terminal.waits_for(r"paused.*received [\d,]+", at)[0])
        at = terminal.press("p")
        frame = terminal.waits_for(r"received (?!" + f"{held:,} )" + r"[\d,]+", at)[0]
        assert "paused" not in frame
        # The run went on while the picture was held.
        assert received(frame) > held

        terminal.press("q")
        assert terminal.end() == 0
        assert termios.tcgetattr(terminal.its) == terminal.before
        left = terminal.raw.rindex("\x1b[?1049l")
        assert left > terminal.raw.rindex("\x1b[?1049h")
        assert terminal.raw.rindex("\x1b[?25h") > terminal.raw.rindex("\x1b[?25l")
        # The last picture and the summary stay on the screen.
        assert re.search(
            r"Starwatch.*20s/1s.*received .*both books balance", terminal.raw[left:], re.DOTALL
        )


def test_a_held_picture_stands_still():
    with Terminal(*DEMO, "--rate", "40") as terminal:
        terminal.waits_for("provisional, by count")
        at = terminal.press("p")
        terminal.waits_for("paused", at)
        at = terminal.press("s")
        terminal.waits_for("paused.*by mean", at)
        assert len({received(f) for f in terminal.frames(at)}) == 1
        terminal.press("q")
        assert terminal.end() == 0


@pytest.mark.parametrize("by", ["key", "signal"])
def test_ctrl_c_ends_it_as_it_should(by):
    with Terminal(*DEMO) as terminal:
        terminal.waits_for(r"received \d")
        if by == "key":
            terminal.press("\x03")
        else:
            terminal.child.send_signal(signal.SIGTERM)
        assert terminal.end() == 0
        assert termios.tcgetattr(terminal.its) == terminal.before
        assert terminal.raw.endswith("both books balance\r\n")
        assert "Traceback" not in terminal.raw


def test_a_replay_has_the_table_too(tmp_path):
    path = tmp_path / "f.csv"
    path.write_text("".join(f"u,p{row % 3},5,1600000000\n" for row in range(500)))
    with Terminal("replay", path, "--every", "20ms") as terminal:
        terminal.waits_for(r"30s/5s: .* provisional.*p0 +5\.00", seconds=3)
        terminal.press("q")
        assert terminal.end() == 130


def test_on_a_pipe_it_prints_the_address_and_lines_from_now_on():
    begun = time.time() * 1000
    with process(*DEMO, "--window", "1s") as child:
        first, *lines = [child.stdout.readline() for _ in range(4)]
        done = interrupted(child, within=5)
    assert done.code == 0
    assert re.fullmatch(r"the page is at http://127\.0\.0\.1:\d+/\n", first)
    for line in lines:
        assert re.fullmatch(r"\d\d:\d\d:\d\d 1s/1s (\S{10} \d\.\d\d \(\d+\) \S{5}|… .*)\n", line)
        day_ms = 86_400_000
        end = moment_ms(f"1970-01-01T{line[:8]}Z")
        assert (end - begun % day_ms) % day_ms < 60_000  # none of the past
    assert "\x1b" not in done.out + done.err
    assert done.err.endswith("both books balance\n")


def test_the_address_comes_before_anything_slow():
    begun = time.monotonic()
    with process(*DEMO) as child:
        assert "http://" in child.stdout.readline()
        address = time.monotonic() - begun
        child.stdout.readline()
        assert address < (time.monotonic() - begun) / 2
        interrupted(child, within=5)


def test_a_demo_with_an_end_and_a_sink(tmp_path):
    rows = tmp_path / "rows"
    options = ("--rate", "100", "--products", "5", "--sink", f"csv:{rows}", "--quiet")
    assert starwatch(*DEMO, "--for", "2s", *options) == Done(0, "", "")
    assert len(rows.read_text().splitlines()) > 6


def test_the_summary_at_the_end_has_every_class(tmp_path):
    del tmp_path
    done = starwatch("demo", "--no-http", "--past", "5m", "--rate", "100", "--for", "3s")
    assert done.code == 0
    assert "http" not in done.out
    for name in ("counted", "duplicate", "late", "rejected"):
        number = re.search(rf"^  [=+] +([\d,]+) {name}", done.err, re.MULTILINE)[1]
        assert number != "0", name
    assert re.search(r"^[\d,]+ window rows, \d+ products$", done.err, re.MULTILINE)
    assert done.err.endswith("both books balance\n")


def test_the_same_seed_is_the_same_shop(tmp_path):
    def rows(seed, name):
        path = tmp_path / name
        done = starwatch(*DEMO, "--for", "2s", "--seed", seed, "--sink", f"jsonl:{path}")
        assert done.code == 0, done.err
        found = read_rows(path.read_text())
        first = min(moment_ms(row["start"]) for row in found)
        told = [
            (moment_ms(row["start"]) - first, row["product"], row["stars"], row["mean"])
            for row in found
        ]
        return [row for row in told if row[0] < 30_000]

    assert len(rows(3, "a")) > 20
    assert rows(3, "b") == rows(3, "c") != rows(4, "d")


def test_a_port_that_is_taken():
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        done = starwatch("demo", "--port", port)
        assert done.code == 2
        assert done.err.startswith(f"error: port {port} on 127.0.0.1 is taken")

        done = starwatch("demo", "--for", "1ms", env={"STARWATCH_HTTP__PORT": str(port)})
        assert done.code == 2

    with socket.socket() as default:
        default.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            default.bind(("127.0.0.1", 8321))
            default.listen()
        except OSError:
            pass  # somebody else has it, which is as good
        done = starwatch("demo", "--for", "1ms", "--past", "0s")
    assert done.code == 0
    assert re.match(r"the page is at http://127\.0\.0\.1:\d+/ \(port 8321 is taken\)\n", done.out)
    assert ":8321" not in done.out


WRONG = [
    ("--rate", "0"),
    ("--products", "0"),
    ("--for", "never"),
    ("--past", "long"),
    ("--time", "arrival", "--past", "1h"),
    ("--again",),
    ("--sink", "jsonk:w"),
    ("--host", "0.0.0.0"),  # noqa: S104 - refused
]


@pytest.mark.parametrize("options", WRONG)
def test_a_shop_that_cannot_be(options):
    done = starwatch("demo", *options)
    assert (done.code, done.out) == (2, "")
    (line,) = done.err.splitlines()
    assert line.startswith("error: ")
