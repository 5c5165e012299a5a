"""The demo as a person meets it: on a terminal, on a pipe, and at its end."""

import re
import sys
import time

import pytest

from commands import interrupted, process, soon, starwatch

if sys.platform == "win32":
    pytest.skip("Windows has no pseudo-terminals of this kind", allow_module_level=True)

import signal
import termios

from commands.terminal import Terminal


def received(frame):
    return int(re.search(r"received ([\d,]+)", frame)[1].replace(",", ""))


def test_a_table_that_moves_within_three_seconds_and_keys_that_work():
    begun = time.monotonic()
    windows = ("--window", "20s/1s", "--window", "1m")
    with Terminal("demo", "--rate", "40", *windows) as terminal:
        row = r"[A-Z0-9]{10} +\S.* \d\.\d\d +\d+ +[▁▂▃▄▅▆▇█]{5}"
        terminal.waits_for(rf"20s/1s: .* provisional, by count.*{row}", seconds=3)
        soon(lambda: len({received(f) for f in terminal.frames()}) > 2, seconds=3)
        assert time.monotonic() - begun < 3

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
    with Terminal("demo", "--rate", "40") as terminal:
        terminal.waits_for(r"received \d")
        at = terminal.press("p")
        terminal.waits_for("paused", at)
        at = terminal.press("s")
        terminal.waits_for("paused.*by mean", at)
        assert len({received(f) for f in terminal.frames(at)}) == 1
        terminal.press("q")
        assert terminal.end() == 0


@pytest.mark.parametrize("by", ["key", "signal"])
def test_ctrl_c_ends_it_as_it_should(by):
    with Terminal("demo") as terminal:
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


def test_on_a_pipe_it_prints_lines():
    with process("demo", "--window", "1s") as child:
        lines = [child.stdout.readline() for _ in range(3)]
        done = interrupted(child)
    assert done.code == 0
    for line in lines:
        assert re.fullmatch(r"\d\d:\d\d:\d\d 1s/1s (\S{10} \d\.\d\d \(\d+\) \S{5}|… .*)\n", line)
    assert "\x1b" not in done.out + done.err
    assert done.err.endswith("both books balance\n")


def test_a_demo_with_an_end_and_an_output(tmp_path):
    rows = tmp_path / "rows"
    outputs = ("--output", f"csv:{rows}")
    done = starwatch("demo", "--for", "300ms", "--rate", "100", "--products", "5", *outputs)
    assert (done.code, done.out) == (0, "")
    assert re.search(r"^\d+ window rows, [1-5] products$", done.err, re.MULTILINE)
    assert len(rows.read_text().splitlines()) > 6


def test_the_same_seed_is_the_same_shop():
    def products(seed):
        done = starwatch("demo", "--for", "200ms", "--rate", "100", "--seed", seed)
        return [line.split(" ", 1)[1] for line in done.out.splitlines()]

    assert products(3) == products(3) != products(4)


@pytest.mark.parametrize("options", [("--rate", "0"), ("--products", "0"), ("--for", "never")])
def test_a_shop_that_cannot_be(options):
    done = starwatch("demo", *options)
    assert (done.code, done.out) == (2, "")
    (line,) = done.err.splitlines()
    assert line.startswith("error: ")
