"""A service with sources that a test scripts: commits, acknowledgements, restarts, broken parts."""

import logging

from service.live_sources import Scripted, handed_over
from service.serving import rows_of, running, soon
from starwatch.errors import SourceFailed
from starwatch.service.live import Deadlines
from starwatch.service.pauses import Pauses
from starwatch.windows.job import Job
from starwatch.windows.spec import WindowSpec


def test_ratings_are_committed_then_told_and_their_windows_close_on_a_quiet_stream(tmp_path):
    receipts = []

    def script(door):
        door.connected(value=True)
        partition = door.partition("a")
        receipts.append(handed_over(door, partition, ("p", 4), ("p", 5), ("q", 1), rejects=1))
        door.caught_up(partition, value=True)

    out = tmp_path / "w.jsonl"
    with running(tmp_path, source := Scripted(script), outputs=[f"jsonl:{out}"]) as service:
        assert source.done.wait(10)
        soon(lambda: out.exists() and len(rows_of(out)) >= 4)
        books = service.engine.engine.books()
    assert receipts[0].classes.tolist() == [0, 0, 0]
    assert (books.received, books.counted, books.rejected) == (4, 3, 1)
    assert books.balanced
    rows = rows_of(out)
    assert {(row["product"], tuple(row["stars"])) for row in rows} == {
        ("p", (0, 0, 0, 1, 1)),
        ("q", (1, 0, 0, 0, 0)),
    }
    assert len(rows) == 4


def test_open_windows_wait_for_the_restart(tmp_path):
    job = Job(windows=(WindowSpec(10_000, 10_000),), bound_ms=0)
    out, base = tmp_path / "w.jsonl", 1_700_000_000_000

    def first(door):
        door.connected(value=True)
        handed_over(door, door.partition("a"), ("p", 4, base))

    def second(door):
        door.connected(value=True)
        partition = door.partitions()["a"]
        handed_over(door, partition, ("p", 2, base + 1), ("p", 1, base + 10_000), first=1)

    for script in (first, second):
        with running(tmp_path, source := Scripted(script), outputs=[f"jsonl:{out}"], job=job):
            assert source.done.wait(10)
        if script is first:
            assert rows_of(out) == []
    (row,) = rows_of(out)
    assert (row["product"], row["stars"]) == ("p", [0, 1, 0, 1, 0])


def test_what_a_source_noted_is_remembered_with_the_ratings_it_is_about(tmp_path):
    def first(door):
        handed_over(door, door.partition(""), ("p", 4), notes=[("offset", b"7")])

    seen = []

    def second(door):
        seen.append({key: value for key, (value, _) in door.remembered().items()})
        door.redelivered(3)
        door.forget(door.now_ms() + 1)
        handed_over(door, door.partition(""), ("p", 4), first=1)

    def third(door):
        seen.append(door.remembered())

    for script in (first, second, third):
        with running(tmp_path, source := Scripted(script)) as service:
            assert source.done.wait(10)
            assert service.sources[0].door.redeliveries == (3 if script is second else 0)
    assert seen == [{"offset": b"7"}, {}]


def test_a_broken_source_is_tried_again_while_the_others_go_on(tmp_path, monkeypatch):
    monkeypatch.setattr(Pauses, "next", lambda _: 0.01)
    tries = []

    def broken(door):
        tries.append(door)
        if len(tries) < 3:
            raise SourceFailed("the broker is away")

    def well(door):
        handed_over(door, door.partition(""), ("p", 4))

    sources = Scripted(broken, "broken"), Scripted(well, "well")
    with running(tmp_path, *sources) as service:
        for source in sources:
            assert source.done.wait(10)
        health = service.sources[0].health
        assert (health.failures, health.error) == (2, "the broker is away")
        assert service.engine.received == 1
    assert len(tries) == 3


def test_a_sink_that_cannot_be_opened_holds_nobody_up_and_gets_all_rows_later(
    tmp_path, monkeypatch
):
    monkeypatch.setattr(Pauses, "next", lambda _: 0.05)
    away = tmp_path / "later"
    out, late = tmp_path / "w.jsonl", away / "w.jsonl"

    def script(door):
        door.connected(value=True)
        partition = door.partition("a")
        handed_over(door, partition, ("p", 4))
        door.caught_up(partition, value=True)

    outputs = [f"jsonl:{out}", f"jsonl:{late}"]
    with running(tmp_path, Scripted(script), outputs=outputs) as service:
        soon(lambda: out.exists() and len(rows_of(out)) == 2)
        soon(lambda: service.sinks[1].health.failures >= 2)
        away.mkdir()
        soon(lambda: late.exists() and len(rows_of(late)) == 2)
    assert late.read_bytes() == out.read_bytes()


def test_a_stop_says_which_sink_lacks_rows_and_the_next_start_sends_them(
    tmp_path, monkeypatch, caplog
):
    monkeypatch.setattr(Pauses, "next", lambda _: 0.05)
    out, late = tmp_path / "w.jsonl", tmp_path / "later" / "w.jsonl"
    outputs = [f"jsonl:{out}", f"jsonl:{late}"]

    def script(door):
        door.connected(value=True)
        partition = door.partition("a")
        handed_over(door, partition, ("p", 4))
        door.caught_up(partition, value=True)

    def told():
        return [
            record.message
            for record in caplog.records
            if record.levelno == logging.WARNING and "next start" in record.message
        ]

    hasty = Deadlines(sinks=0.3)
    with running(tmp_path, Scripted(script), outputs=outputs, deadlines=hasty):
        soon(lambda: out.exists() and len(rows_of(out)) == 2)
    (line,) = told()
    assert line.startswith(f"sink jsonl:{late} still lacks 2 window rows")
    caplog.clear()
    late.parent.mkdir()
    with running(tmp_path, Scripted(lambda _: None), outputs=outputs):
        pass
    assert told() == []
    assert late.read_bytes() == out.read_bytes()
