"""A service that reads a real Kafka: order, redelivery, new topics, quiet closing, rejects."""

import logging
import time
from threading import Event

import pytest

from live.kafka_ratings import BASE, committed, drop_topic, make_topic, rating, send, source
from service.serving import rows_of, running, soon
from starwatch.clients.kafka import read_address
from starwatch.errors import BadSetting
from starwatch.flink.topic_ends import TopicEnds
from starwatch.service.state import State
from starwatch.sources.kafka_assignment import Assignment
from starwatch.sources.kafka_places import Progress
from starwatch.windows.job import Job, WindowTime
from starwatch.windows.spec import WindowSpec

JOB = Job(windows=(WindowSpec(1000, 1000),), bound_ms=0)


def read(service) -> int:
    return service.engine.engine.received


def test_ratings_of_all_partitions_are_counted_and_their_windows_close_on_a_quiet_stream(
    kafka, unique, tmp_path
):
    make_topic(kafka, unique, partitions=3)  # one of them is never used
    send(kafka, unique, [rating(n, stars=1 + n % 5) for n in range(10)], partition=0)
    send(kafka, unique, [rating(n, product="q") for n in range(10, 15)], partition=1)
    out = tmp_path / "w.jsonl"
    with running(tmp_path, source(kafka, unique), outputs=[f"jsonl:{out}"], job=JOB) as service:
        soon(lambda: out.exists() and len(rows_of(out)) == 2)
        books = service.engine.engine.books()
    assert (books.received, books.counted) == (15, 15)
    assert {row["product"]: row["stars"] for row in rows_of(out)} == {
        "p": [2, 2, 2, 2, 2],
        "q": [0, 0, 0, 0, 5],
    }
    assert committed(kafka, unique, unique, 0) == 10  # the group knows, for tools that show lag
    assert committed(kafka, unique, unique, 1) == 5


def test_ticks_of_a_job_on_flink_are_passed_over(kafka, unique, tmp_path):
    make_topic(kafka, unique, partitions=2)
    address = read_address(f"kafka://{kafka}/{unique}", {}, known=(), owned=())
    ends = TopicEnds(address, [unique], "other-")
    out = tmp_path / "w.jsonl"
    with running(tmp_path, source(kafka, unique), outputs=[f"jsonl:{out}"], job=JOB) as service:
        send(kafka, unique, [rating(1), None])
        ends.tick([(unique, 0), (unique, 1)], BASE * 1000 + 900_000)
        send(kafka, unique, [rating(2)])
        ends.tick([(unique, 0)], BASE * 1000 + 901_000)
        soon(lambda: read(service) == 3)
        soon(lambda: out.exists() and len(rows_of(out)) == 1)
        soon(lambda: committed(kafka, unique, unique, 0) == 5)
        soon(lambda: committed(kafka, unique, unique, 1) == 1)
        books = service.engine.engine.books()
    assert ends.ends() == {(unique, 0): 5, (unique, 1): 1}
    ends.close()
    assert (books.received, books.counted, books.rejected) == (3, 2, 1)  # None is no tick
    assert books.balanced


def test_the_group_is_told_behind_each_commit_and_of_nothing_before(
    kafka, unique, tmp_path, monkeypatch
):
    make_topic(kafka, unique)
    told = []
    tell = Progress.tell
    monkeypatch.setattr(
        Progress, "tell", lambda *given: (told.append((time.monotonic(), given[2])), tell(*given))
    )
    made = []
    commit = Progress.commit
    monkeypatch.setattr(
        Progress, "commit", lambda *given: (commit(*given), made.append(time.monotonic()))
    )
    with running(tmp_path, source(kafka, unique), job=JOB) as service:
        for number in range(1, 9):
            send(kafka, unique, [rating(number)])
            soon(lambda: told and told[-1][1] == number)  # noqa: B023
        assert read(service) == 8
        soon(lambda: committed(kafka, unique, unique) == 8)
    assert [offset for _, offset in told if offset] == [*range(1, 9)]
    waits = sorted(at - by for (at, _), by in zip(told[-8:], made, strict=True))
    assert waits[0] >= 0
    assert waits[4] < 0.3  # a machine that is busy may hold up a few


def test_a_restart_goes_on_behind_what_is_committed_whatever_the_group_says(
    kafka, unique, tmp_path
):
    make_topic(kafka, unique)
    send(kafka, unique, [rating(n) for n in range(5)])
    for group, total in (("a", 5), ("b", 8), ("a", 8)):  # b knows nothing, a is behind
        where = source(kafka, unique, group=unique + group)
        where.name = f"kafka://{unique}"  # the same source to the state
        with running(tmp_path, where, job=JOB) as service:
            soon(lambda: read(service) >= total)  # noqa: B023
            time.sleep(0.5)
            assert read(service) == total
        if group == "a" and total == 5:
            send(kafka, unique, [rating(n) for n in range(5, 8)])


def test_a_topic_made_anew_while_it_is_read_begins_at_its_start(kafka, unique, tmp_path):
    make_topic(kafka, unique)
    send(kafka, unique, [rating(n) for n in range(5)])
    with running(tmp_path, source(kafka, unique), job=JOB) as service:
        soon(lambda: read(service) == 5)
        drop_topic(kafka, unique)
        soon(lambda: _made(kafka, unique))
        send(kafka, unique, [rating(n) for n in range(100, 112)])  # more than the old one had
        soon(lambda: read(service) == 17, 60)
        assert len(service.sources[0].door.partitions()) == 1
    assert service.sources[0].door.redeliveries == 0
    with running(tmp_path, source(kafka, unique), job=JOB) as service:
        time.sleep(1.5)
        assert read(service) == 17


@pytest.mark.slow
def test_a_topic_made_anew_in_an_instant_is_not_read_on_in_the_middle(
    kafka, unique, tmp_path, monkeypatch, caplog
):
    going = Event()
    going.set()
    monkeypatch.setattr(Assignment, "tell_group", lambda *_: going.wait(30))
    make_topic(kafka, unique)
    send(kafka, unique, [rating(n) for n in range(5)])
    with running(tmp_path, source(kafka, unique), job=JOB) as service:
        soon(lambda: read(service) == 5)
        going.clear()  # as a busy process would be: the client hears of the change by itself
        time.sleep(0.5)
        drop_topic(kafka, unique)
        soon(lambda: _made(kafka, unique))
        send(kafka, unique, [rating(n) for n in range(100, 112)])
        time.sleep(3)
        going.set()
        soon(lambda: read(service) == 17, 60)
    assert "was made anew" in caplog.text


def test_a_topic_made_anew_between_two_runs_begins_at_its_start(kafka, unique, tmp_path):
    for first in (0, 100):
        make_topic(kafka, unique) if not first else soon(lambda: _made(kafka, unique))
        send(kafka, unique, [rating(n) for n in range(first, first + 5)])
        with running(tmp_path, source(kafka, unique), job=JOB) as service:
            soon(lambda: read(service) == 5 + first // 20, 30)  # noqa: B023
        if not first:
            drop_topic(kafka, unique)


def _made(kafka, topic) -> bool:
    try:
        make_topic(kafka, topic)
    except Exception:  # noqa: BLE001 - it is not gone yet
        return False
    return True


def test_offsets_that_are_gone_are_said_loudly_and_counted(kafka, unique, tmp_path, caplog):
    from confluent_kafka import TopicPartition  # noqa: PLC0415
    from confluent_kafka.admin import AdminClient  # noqa: PLC0415

    make_topic(kafka, unique)
    send(kafka, unique, [rating(n) for n in range(5)])
    with running(tmp_path, source(kafka, unique), job=JOB) as service:
        soon(lambda: read(service) == 5)
    send(kafka, unique, [rating(n) for n in range(5, 15)])
    admin = AdminClient({"bootstrap.servers": kafka})
    for future in admin.delete_records([TopicPartition(unique, 0, 12)]).values():
        future.result(10)
    again = source(kafka, unique)
    with caplog.at_level(logging.ERROR), running(tmp_path, again, job=JOB) as service:
        soon(lambda: read(service) == 8)
        assert service.figures().sources[0].log.gone == 7
    assert "7 messages of partition 0" in caplog.text


def test_how_far_it_is_in_each_partition_is_told(kafka, unique, tmp_path):
    make_topic(kafka, unique, partitions=2)
    ours = source(kafka, unique)

    def told():
        return {(at.partition, at.position, at.lag) for at in ours.log_status().places}

    with running(tmp_path, ours, job=JOB) as service:
        soon(lambda: told() == {(0, 0, 0), (1, 0, 0)})
        with service.operating.lock:  # nothing is committed
            send(kafka, unique, [rating(n) for n in range(10)], 1)
            soon(lambda: told() == {(0, 0, 0), (1, 0, 10)})
        soon(lambda: told() == {(0, 0, 0), (1, 10, 0)})
        send(kafka, unique, [rating(10)], 1)
        soon(lambda: {(at.partition, at.position) for at in _places(service)} == {(0, 0), (1, 11)})
    assert told() == set()


def _places(service):
    return service.figures().sources[0].log.places


def test_messages_that_are_no_ratings_are_rejects_and_stop_nothing(kafka, unique, tmp_path):
    make_topic(kafka, unique)
    values = [rating(0), None, b"", b"{", b"1500000000,A1,x,5,p\n1500000001,A2,x,4,p", rating(1)]
    send(kafka, unique, values)
    with running(tmp_path, source(kafka, unique), job=JOB) as service:
        soon(lambda: read(service) == 7)
        books = service.engine.engine.books()
    assert (books.counted + books.late, books.rejected) == (4, 3)
    with State(tmp_path / "state") as state:
        rejects = [(r.position, r.raw) for _, r in state.journal.rejects()]
    assert rejects == [(1, b""), (2, b""), (3, b"{")]


@pytest.mark.parametrize("compression", ["gzip", "lz4", "zstd", "snappy"])
def test_compressed_messages(kafka, unique, tmp_path, compression):
    make_topic(kafka, unique)
    send(kafka, unique, [rating(n) for n in range(500)], compression_type=compression)
    with running(tmp_path, source(kafka, unique), job=JOB) as service:
        soon(lambda: read(service) == 500)


def test_the_time_of_records_where_windows_go_by_arrival(kafka, unique, tmp_path):
    from confluent_kafka import Producer  # noqa: PLC0415

    make_topic(kafka, unique)
    producer = Producer({"bootstrap.servers": kafka})
    for n in range(4):
        producer.produce(unique, rating(n), timestamp=(BASE + 50 + n // 2) * 1000 + n)
    producer.flush(10)
    out = tmp_path / "w.jsonl"
    one = source(kafka, unique, by_arrival=True)
    assert one.own_time
    job = Job(windows=(WindowSpec(1000, 1000),), bound_ms=0, time=WindowTime.EVENT)
    with running(tmp_path, one, outputs=[f"jsonl:{out}"], job=job):
        soon(lambda: out.exists() and len(rows_of(out)) == 2)
    assert [row["start"][-9:] for row in rows_of(out)] == ["4:10.000Z", "4:11.000Z"]
    assert [row["count"] for row in rows_of(out)] == [2, 2]


def test_a_new_group_may_begin_at_the_end(kafka, unique, tmp_path):
    make_topic(kafka, unique)
    send(kafka, unique, [rating(n) for n in range(5)])
    with running(tmp_path, source(kafka, unique, query="?from=latest"), job=JOB) as service:
        soon(lambda: committed(kafka, unique, unique) == 5)
        send(kafka, unique, [rating(5)])
        soon(lambda: read(service) == 1)


def test_a_topic_that_is_not_there_is_named_and_found_when_it_is_made(kafka, unique, tmp_path):
    with running(tmp_path, source(kafka, unique), job=JOB) as service:
        health = service.sources[0].health
        soon(lambda: health.failures)
        assert f"there is no topic {unique}" in health.error
        make_topic(kafka, unique)
        send(kafka, unique, [rating(0)])
        soon(lambda: read(service) == 1)


@pytest.mark.parametrize(
    ("url", "options", "why"),
    [
        ("kafka://h/t", {"grop": "x"}, "'grop' is unknown. Did you mean group"),
        ("kafka://h/t", {"auto.offset.reset": "latest"}, "is decided by Starwatch"),
        ("kafka://h", {}, "names its topic"),
        ("kafka:///t", {}, "names its broker"),
        ("kafka://h/a b", {}, "no name of a Kafka topic"),
        ("kafka://h/t?from=middle", {}, "cannot be read from 'middle'"),
        ("kafka://h/t", {"fetch.min.bytes": "many"}, "refuses its settings"),
        ("kafka://h/t", {"password": "x"}, "needs its user"),
        ("kafka://h/t?ca_file=/none.pem", {}, "/none.pem of the Kafka option ca_file is not there"),
        ("kafka://u@h/t?mechanism=PLAN", {}, "'PLAN' is unknown. Did you mean PLAIN"),
        ("kafka://u@h/t?password_file=/none", {}, "password file /none cannot be read"),
        ("kafka://h:x/t", {}, "no HOST:PORT"),
        ("kafka://h/t?tls=perhaps", {}, "true or false"),
    ],
)
def test_what_cannot_be_used_is_said_in_one_line(url, options, why):
    from starwatch.codecs.options import InputOptions  # noqa: PLC0415
    from starwatch.ratings.scale import Scale  # noqa: PLC0415
    from starwatch.sources.live import SourceContext, open_live  # noqa: PLC0415

    context = SourceContext(InputOptions(), Scale.parse("1..5/1"), False, options)
    with pytest.raises(BadSetting) as error:
        open_live(url, context)
    assert why in str(error.value)
    assert "\n" not in str(error.value)


def test_no_secret_is_shown(kafka, unique):
    one = source(kafka, unique, user="edge", password="verysecret", tls=False)
    assert "verysecret" not in f"{one.name} {one._rules!r}"  # noqa: SLF001
    assert one.name == f"kafka://{kafka}/{unique}?group={unique}"
