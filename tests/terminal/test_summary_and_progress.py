import io

import numpy as np
import pyarrow as pa
import pytest

from starwatch.admission.ledger import Books, SpecBook
from starwatch.ports import RowContext
from starwatch.ratings.rejects import Reason
from starwatch.terminal.plain import PlainLines
from starwatch.terminal.progress import Done, Progress, progress_text
from starwatch.terminal.rate import Rate
from starwatch.terminal.summary import Outcome, duration_text, summary
from starwatch.windows.job import Job
from starwatch.windows.products import ProductIds
from starwatch.windows.rows import WindowRows


def test_the_summary_is_this() -> None:
    books = Books(
        received=1_234_567,
        counted=1_234_000,
        late=500,
        rejected=67,
        reasons={Reason.BAD_TIME: 7, Reason.OFF_SCALE: 60},
        specs=(SpecBook(740_400, 740_390, 0, 10),),
    )
    assert summary(books, Job(), Outcome(rows=252, products=1, seconds=75.2)).splitlines() == [
        "received 1,234,567 ratings in 1:15, 16,417 a second",
        "  = 1,234,000 counted",
        "  +         0 duplicate",
        "  +       500 late",
        "  +        67 rejected: 60 off_scale, 7 bad_time",
        "  +         0 pending",
        "252 window rows, 1 product",
        "  30s/5s: 740,400 contributions = 740,390 in closed windows + 0 in open ones + 10 missed",
        "both books balance",
    ]


@pytest.mark.parametrize(
    ("books", "missing"),
    [
        (Books(received=10, counted=9, specs=(SpecBook(54, 54, 0, 0),)), "+1 ratings"),
        (Books(received=9, counted=9, specs=(SpecBook(54, 50, 0, 0),)), "+4 contributions"),
        (
            Books(received=8, counted=9, specs=(SpecBook(54, 50, 5, 0),)),
            "-1 ratings, -1 contributions",
        ),
    ],
)
def test_books_that_do_not_balance_are_loud(books: Books, missing: str) -> None:
    text = summary(books, Job(), Outcome(0, 0, 0.0))
    assert f"WARNING: THE BOOKS DO NOT BALANCE: {missing} unaccounted for" in text
    assert "both books balance" not in text


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0, "0.0 s"), (59.94, "59.9 s"), (59.96, "1:00"), (3599.4, "59:59"), (3599.7, "1:00:00")],
)
def test_durations(seconds: float, text: str) -> None:
    assert duration_text(seconds) == text


def test_a_progress_line_is_this() -> None:
    done = Done(read_bytes=30, total_bytes=100, ratings=12_000)
    assert progress_text(done, 12.0, 1000.0, bar="#.") == (
        "[#######.................]   30 %  12,000 ratings  1,000 a second  28.0 s left"
    )
    assert progress_text(Done(30, 0, 5), 12.0, 1.0) == "5 ratings  1 a second"
    assert "left" not in progress_text(done, 0.5, 1.0)


class Terminal(io.StringIO):
    encoding = "utf-8"

    def isatty(self) -> bool:
        return True


def run(stream: io.StringIO, *, quiet: bool = False) -> list[bool]:
    progress = Progress(stream=stream, quiet=quiet)
    due = [progress.update(0.1 * n, Done(n, 100, 10 * n)) for n in range(100)]
    progress.close()
    progress.close()
    return due


def test_on_a_terminal_one_line_is_drawn_over_again_and_taken_away() -> None:
    screen = Terminal()
    assert 45 <= sum(run(screen)) <= 50
    text = screen.getvalue()
    assert "\n" not in text
    assert "█" in text
    assert text.endswith("\r")
    *_, last, blank, _ = text.split("\r")
    assert blank == " " * len(last)


def test_elsewhere_a_line_comes_every_five_seconds() -> None:
    stream = io.StringIO()
    run(stream)
    lines = stream.getvalue().splitlines()
    assert len(lines) == 1
    assert lines[0].startswith(" 50 %  500 ratings  100 a second  5.0 s left")


def test_quiet_is_silent() -> None:
    stream = Terminal()
    assert not any(run(stream, quiet=True))
    assert stream.getvalue() == ""


def test_a_broken_standard_error_does_not_end_a_run() -> None:
    class Broken(Terminal):
        def write(self, _: str) -> int:
            raise OSError

    assert sum(run(Broken())) == 1


def test_the_rate_forgets_what_is_old() -> None:
    rate = Rate()
    assert rate.at(0.0, 0) == 0
    assert rate.at(1.0, 100) == 100
    for second in range(2, 10):
        last = rate.at(float(second), 100)
    assert last == 0


def test_plain_lines_reach_standard_output(capfdbinary: pytest.CaptureFixture[bytes]) -> None:
    zero = np.zeros(1, np.int32)
    rows = WindowRows(zero, zero, np.array([5000]), np.array([[0, 0, 0, 0, 1]]), zero)
    shown = PlainLines(RowContext(Job(), ProductIds(pa.array(["0000143502"]))))
    shown.write(rows)
    assert capfdbinary.readouterr().out == b""
    shown.flush()
    line = "00:00:05 30s/5s 0000143502 5.00 (1) ▁▁▁▁█\n".encode()
    assert capfdbinary.readouterr().out == line
    shown.write(rows)
    shown.close()
    shown.close()
    assert capfdbinary.readouterr().out == line
