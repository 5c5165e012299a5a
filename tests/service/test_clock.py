"""The clock of a service while somebody sets that of the machine, and while the machine sleeps."""

import logging
import sys
import time

import pytest

from service import clocks
from service.live_sources import Scripted
from service.serving import running
from starwatch.service import clock
from starwatch.service.clock import Clock


@pytest.fixture
def machine(monkeypatch):
    machine = clocks.MachineTime()
    monkeypatch.setattr(clock, "time", machine)
    return machine


def wall_ms():
    return time.time_ns() // 1_000_000


def test_it_goes_on_whatever_becomes_of_the_wall_clock(machine):
    made = Clock()
    for seconds in (-3600, 7200, -86_400):
        before = made.now_ms()
        machine.step(seconds)
        assert before <= made.now_ms() < before + 1000
    assert made.ahead_ms() == pytest.approx(82_800_000, abs=1000)


def test_it_starts_no_earlier_than_what_was_journalled(machine):
    last = wall_ms()
    machine.step(-3600)
    assert last <= Clock(last).now_ms() < last + 1000
    assert Clock(last).ahead_ms() == pytest.approx(3_600_000, abs=1000)
    assert Clock(last - 7_200_000).ahead_ms() == pytest.approx(0, abs=1000)


@pytest.mark.skipif(sys.platform == "win32", reason="Windows counts sleep by itself")
def test_sleep_of_the_machine_counts(machine):
    made = Clock()
    machine.sleep(600)
    assert made.now_ms() - wall_ms() == pytest.approx(600_000, abs=1000)
    assert made.ahead_ms() == pytest.approx(0, abs=1000)


def test_a_service_that_starts_behind_its_state_says_so(tmp_path, machine, caplog):
    def script(door):
        door.connected(value=True)
        door.partition("a")

    for step in (0, -100):
        machine.step(step)
        caplog.clear()
        with caplog.at_level(logging.WARNING), running(tmp_path, source := Scripted(script)) as one:
            assert source.done.wait(10)
            told = [r.getMessage() for r in caplog.records if "wall clock" in r.getMessage()]
            assert one.figures().clock_ahead_ms == pytest.approx(-1000 * step, abs=5000)
    (line,) = told
    assert 90 < float(line.split(" s behind")[0].rpartition(" ")[2]) <= 100
