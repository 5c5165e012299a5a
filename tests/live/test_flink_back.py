"""A service that Flink feeds: its rows, books, history and proof are those of the job itself."""

import json
import random
import signal
from contextlib import closing, suppress
from dataclasses import dataclass
from pathlib import Path
from urllib.error import HTTPError, URLError
from urllib.request import urlopen

import msgspec
import pytest

from cli.test_run import free_port, ready
from commands import interrupted, process, soon, starwatch
from flink.written_back import WrittenBack
from live.flink_writer import Writer
from live.kafka_ratings import make_topic
from model import Rating
from property.players import as_tuples, batch_of
from starwatch.admission.ledger import Books
from starwatch.engine import Engine
from starwatch.journal.places import Places
from starwatch.journal.store import Journal
from starwatch.ratings.durations import moment_ms
from starwatch.ratings.rejects import Reason, Reject
from starwatch.views import Views
from starwatch.windows.job import Duplicates, Job
from starwatch.windows.spec import WindowSpec
from views.looking import every_window

pytestmark = pytest.mark.slow

WINDOWS = ("10s/5s", "20s/20s+3s")
JOB = Job(tuple(map(WindowSpec.parse, WINDOWS)), bound_ms=2_000, duplicates=Duplicates.CONTENT)
BEGIN_MS = 1_700_000_000_000
RATINGS = 1_500


@dataclass
class Stream:
    """What Flink made of a stream: rows by checkpoint, what it emitted, and its books."""

    checkpoints: list
    emitted: list
    books: object
    pending: int


@pytest.fixture(scope="module")
def stream():
    dice = random.Random(7)  # noqa: S311 - no secret
    flink, written = Engine(JOB), WrittenBack(JOB)
    flink.join(0)
    emitted, checkpoints, now = [], [], BEGIN_MS
    for position in range(RATINGS):
        now += dice.choice([0, 5, 80, 400])
        event = now - dice.choice([0, 50, 1_500, 6_000, 40_000])
        reviewer = dice.choice(["", "u", "v"])
        what = (f"p{dice.randrange(9)}", reviewer, dice.randrange(5), event // 500 * 500, "")
        refused = [(0, Reject(position, Reason.UNREADABLE, b"{"))] if not position % 97 else []
        batch = batch_of([Rating(now, 0, position, *what)], refused)
        outcome = flink.ingest(batch)
        emitted += as_tuples(outcome.rows, flink)
        written.take(batch, outcome, flink.watermark_ms)
        if not dice.randrange(40):
            checkpoints.append(written.rows)
            written.rows = []
    checkpoints.append(written.rows)
    books = flink.books()
    assert min(books.counted, books.duplicate, books.late, books.rejected) > 0
    assert books.specs[0].missed > 0
    return Stream(checkpoints, emitted, books, written.waiting.total())


@pytest.fixture
def topic(kafka, unique):
    make_topic(kafka, f"{unique}-back")
    return unique


def options(kafka, unique, state, port):
    config = Path(f"{state}.toml")
    config.write_text(f'[flink]\nprefix = "{unique}-"\n')
    windows = [word for window in WINDOWS for word in ("--window", window)]
    return (
        *("run", "--engine", "flink", "--source", f"kafka://{kafka}/{unique}?group={unique}"),
        *("--config", config, "--bound", "2s", *windows, "--state", state, "--port", port),
        *("--sink", f"jsonl:{state}.jsonl", "--snapshot-seconds", "0.5"),
    )


def rows_in(path):
    if not path.exists():
        return []
    rows = map(json.loads, path.read_text().splitlines())
    return [
        (WINDOWS.index(row["window"]), row["product"], moment_ms(row["end"]), tuple(row["stars"]))
        for row in rows
    ]


def why(port):
    """What is not well yet."""
    with suppress(ConnectionError):
        try:
            urlopen(f"http://127.0.0.1:{port}/readyz").close()
        except HTTPError as error:
            return json.load(error)["why"]
        except URLError:
            pass
    return []


def test_before_flink_wrote_anything_it_is_waited_for(kafka, unique, stream, tmp_path):
    state, port = tmp_path / "s", free_port()
    with process(*options(kafka, unique, state, port)) as service:
        trouble = soon(lambda: [each for each in why(port) if "is waiting" in each], seconds=60)
        assert "there is no topic" in trouble[0]
        assert "starwatch flink submit" in trouble[0]
        writer = Writer(kafka, f"{unique}-back")
        writer.checkpoint(stream.checkpoints[0], random.Random(9))  # noqa: S311 - no secret
        soon(lambda: ready(port), seconds=60)
        assert interrupted(service, signal.SIGTERM, within=20).code == 0


def test_over_kills_and_aborted_transactions_nothing_differs(kafka, topic, stream, tmp_path):
    dice = random.Random(8)  # noqa: S311 - no secret
    writer = Writer(kafka, f"{topic}-back")
    state, port = tmp_path / "s", free_port()
    out, left = Path(f"{state}.jsonl"), list(stream.checkpoints)
    while left:
        with process(*options(kafka, topic, state, port)) as service:
            soon(lambda: ready(port))
            for rows in left[: len(stream.checkpoints) // 3 + 1]:
                if not dice.randrange(4):
                    writer.checkpoint(rows[: len(rows) // 2], dice, commit=False)
                writer.checkpoint(rows, dice)
            del left[: len(stream.checkpoints) // 3 + 1]
            if left:
                service.send_signal(signal.SIGKILL)
                service.wait(20)
                continue
            soon(lambda: len(rows_in(out)) >= len(stream.emitted), seconds=40)
            assert interrupted(service, signal.SIGTERM, within=20).code == 0
    expected = [row[:4] for row in stream.emitted]
    assert rows_in(out) == expected
    with closing(Journal(Places(state).database, reading=True)) as journal:
        books, told = msgspec.convert(journal.fact("books"), Books), stream.books
    assert books.counted == told.counted - stream.pending
    for name in ("duplicate", "late", "rejected"):
        assert getattr(books, name) == getattr(told, name)
    assert [spec.missed for spec in books.specs] == [spec.missed for spec in told.specs]
    done = starwatch("verify", "--state", state, "--against", out)
    assert done.code == 0, done.out + done.err
    with Views.open(state) as views:
        for number, spec in enumerate(JOB.windows):
            mine = {(product, end): stars for at, product, end, stars in expected if at == number}
            assert every_window(views, spec, emitted=True) == mine
