"""The live table: drawn by rich into a string, and once on a real pseudo-terminal with keys."""

import io
import os
import subprocess
import sys
import textwrap
import time
from dataclasses import dataclass, field

import numpy as np
import pyarrow as pa
import pytest
from rich.console import Console

from starwatch.admission.ledger import Books
from starwatch.ports import RowContext
from starwatch.terminal.live import LiveTable
from starwatch.terminal.order import SortKey
from starwatch.windows.job import Job
from starwatch.windows.products import ProductIds
from starwatch.windows.rows import WindowRows
from starwatch.windows.spec import WindowSpec

END = 1_622_505_605_000
CONTEXT = RowContext(
    Job(windows=(WindowSpec(), WindowSpec(60_000, 5_000))),
    ProductIds(pa.array(["0000143502", "[bold]x", "\x1b[2Jz"])),
)


def rows(spec: int, *stars: list[int], end_ms: int = END) -> WindowRows:
    n = len(stars)
    return WindowRows(
        np.full(n, spec, np.int16),
        np.arange(n, dtype=np.int32),
        np.full(n, end_ms),
        np.array(stars),
        np.zeros(n, np.int32),
    )


@dataclass
class Running:
    asked: list[int] = field(default_factory=list)
    received: int = 0

    def provisional(self, spec: int) -> WindowRows:
        self.asked.append(spec)
        return rows(spec, [0, 0, 0, 0, 1], [1, 0, 0, 0, 1], [0, 3, 0, 0, 0])

    def books(self) -> Books:
        self.received += 100
        return Books(received=self.received, counted=self.received)


@dataclass
class Fingers:
    waiting: str = ""
    there: bool = True
    closed: bool = False

    def pressed(self) -> str:
        found, self.waiting = self.waiting, ""
        return found

    def close(self) -> None:
        self.closed = True


@dataclass
class Desk:
    view: Running = field(default_factory=Running)
    keys: Fingers = field(default_factory=Fingers)
    screen: io.StringIO = field(default_factory=io.StringIO)

    def table(self, **options: object) -> LiveTable:
        console = Console(
            file=self.screen, force_terminal=True, width=90, height=20, color_system=None
        )
        return LiveTable(self.view, CONTEXT, console=console, keys=self.keys, **options)

    def shown(self) -> str:
        text = self.screen.getvalue()
        self.screen.truncate(0)
        self.screen.seek(0)
        return text


@pytest.fixture
def desk() -> Desk:
    return Desk()


def test_nothing_is_asked_or_drawn_before_it_is_due(desk: Desk) -> None:
    with desk.table() as table:
        assert table.refresh_if_due(10.0, END, None)
        desk.shown()
        assert not table.refresh_if_due(10.1, END, None)
        assert desk.shown() == ""
        assert desk.view.asked == [0]
        assert table.seconds_to_refresh(10.1) == pytest.approx(0.1)
        assert table.refresh_if_due(10.21, END, None)
    assert desk.view.asked == [0, 0]


def test_ids_are_drawn_as_text_and_not_obeyed(desk: Desk) -> None:
    with desk.table() as table:
        desk.shown()
        table.refresh_if_due(0.0, END, None)
        shown = desk.shown()
    assert "[bold]x" in shown
    assert "\\x1b[2Jz" in shown
    assert "\x1b[2J" not in shown


def test_keys_sort_change_the_window_and_quit(desk: Desk) -> None:
    with desk.table() as table:
        table.refresh_if_due(0.0, END, None)
        assert "by count" in desk.shown()
        desk.keys.waiting = "s"
        table.refresh_if_due(1.0, END, None)
        assert "by mean" in desk.shown()
        desk.keys.waiting = "w"
        table.refresh_if_due(2.0, END, None)
        assert "1m/5s" in desk.shown()
        assert desk.view.asked[-1] == 1
        assert not table.quit
        desk.keys.waiting = "Q"
        table.refresh_if_due(3.0, END, None)
        assert table.quit
    assert desk.keys.closed


def test_a_pause_holds_the_picture_until_it_is_lifted(desk: Desk) -> None:
    with desk.table() as table:
        table.refresh_if_due(0.0, END, None)
        desk.keys.waiting = "p"
        table.refresh_if_due(1.0, END, None)
        assert "paused" in desk.shown()
        table.refresh_if_due(2.0, END, None)
        assert desk.shown() == ""
        desk.keys.waiting = "s"
        table.refresh_if_due(3.0, END, None)
        shown = desk.shown()
        assert "by mean" in shown
        assert "received 100 " in shown
        assert desk.view.asked == [0]
        desk.keys.waiting = "p"
        table.refresh_if_due(4.0, END, None)
        assert "received 500 " in desk.shown()


def test_the_rate_is_that_of_the_last_seconds(desk: Desk) -> None:
    with desk.table() as table:
        for now in (0.0, 1.0, 2.0):
            table.refresh_if_due(now, END, None)
        assert "100 ratings/s" in desk.shown()


def test_closed_windows_are_what_changes_are_measured_against(desk: Desk) -> None:
    with desk.table(sort=SortKey.PRODUCT) as table:
        table.closed(rows(0, [0, 0, 0, 1, 0], [0, 0, 1, 0, 0]))
        table.refresh_if_due(0.0, END, END)
        lines = [line for line in desk.shown().splitlines() if "○" in line]
    assert [line.split("  ○")[0].rstrip().split("  ")[-1] for line in lines[1:]] == [
        "▲ 1.00",
        "=",
        "new",
    ]


def test_the_last_frame_stays_when_the_screen_is_given_back(desk: Desk) -> None:
    with desk.table() as table:
        table.refresh_if_due(0.0, END, None)
        desk.shown()
    shown = desk.shown()
    assert "\x1b[?1049l" in shown
    assert "0000143502" in shown.split("\x1b[?1049l")[1]


PROGRAM = textwrap.dedent(
    """
    import sys, time
    sys.path.insert(0, {here!r})
    from test_live_table import CONTEXT, Running
    from starwatch.terminal.live import LiveTable
    with LiveTable(Running(), CONTEXT) as table:
        end = time.monotonic() + 20
        while not table.quit and time.monotonic() < end:
            table.refresh_if_due(time.monotonic(), 0, None)
            time.sleep(0.01)
    print("quit" if table.quit else "timed out")
    """
)


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no pseudo-terminals for tests")
def test_on_a_terminal_keys_are_read_and_the_modes_put_back() -> None:
    import pty  # noqa: PLC0415
    import termios  # noqa: PLC0415

    leader, follower = pty.openpty()
    termios.tcsetwinsize(follower, (20, 90))
    modes = termios.tcgetattr(follower)
    program = PROGRAM.format(here=os.path.dirname(__file__))  # noqa: PTH120
    with subprocess.Popen(
        [sys.executable, "-c", program],
        stdin=follower,
        stdout=follower,
        stderr=follower,
        start_new_session=True,
        env={**os.environ, "TERM": "xterm-256color", "PYTHONPATH": os.pathsep.join(sys.path)},
    ) as child:
        shown = b""
        for key, sign in ((b"s", b"by count"), (b"w\x1bOQ", b"by mean"), (b"q", b"1m/5s")):
            shown += read_until(leader, sign)
            os.write(leader, key)
        shown += read_until(leader, b"quit\r\n")
    assert child.returncode == 0
    assert termios.tcgetattr(follower) == modes
    os.close(follower)
    os.close(leader)


def read_until(descriptor: int, sign: bytes) -> bytes:
    found, end = b"", time.monotonic() + 30
    while sign not in found and time.monotonic() < end:
        found += os.read(descriptor, 65536)
    assert sign in found, found
    return found
