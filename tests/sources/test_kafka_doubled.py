"""Two Kafka sources that read one topic, by one address and by two: nothing counts twice."""

from dataclasses import replace

import pytest

from commands import starwatch
from live.kafka_ratings import make_topic, rating, send
from service.serving import running, soon
from starwatch.codecs.options import InputOptions
from starwatch.ratings.scale import Scale
from starwatch.sources.live import SourceContext, open_live
from starwatch.windows.job import Job
from starwatch.windows.spec import WindowSpec

JOB = Job(windows=(WindowSpec(1000, 1000),), bound_ms=0)


@pytest.mark.parametrize(
    ("one", "other", "topic"),
    [
        ("k1:1/a", "k1:1/a?group=x", "a"),
        ("k1:1/a,b", "k1:1/c,b", "b"),
        ("k1:1,k2:1/a", "K2:1/a?group=x", "a"),
        ("k1/a", "k1:9092/a?group=x", "a"),
    ],
)
def test_two_sources_of_one_topic_are_refused_in_one_line(tmp_path, one, other, topic):
    path = tmp_path / "starwatch.toml"
    urls = [f"kafka://{each}" for each in (one, other)]
    path.write_text("".join(f'[[source]]\nurl = "{url}"\n' for url in urls))
    flags = [word for url in urls for word in ("--source", url)]
    for done in (
        starwatch("run", *flags, "--state", tmp_path / "s", "--no-http"),
        starwatch("config", "check", path),
    ):
        assert (done.code, done.err.count("\n")) == (2, 1)
        assert f"the topic {topic!r} at k" in done.err
        assert "count twice" in done.err
    assert not (tmp_path / "s").exists()


def test_topics_of_one_name_at_two_clusters_are_not_one(tmp_path):
    path = tmp_path / "starwatch.toml"
    path.write_text('[[source]]\nurl = "kafka://k1/a"\n[[source]]\nurl = "kafka://k2/a"\n')
    assert starwatch("config", "check", path).code == 0


def test_a_topic_by_two_addresses_of_one_cluster_counts_once(kafka, unique, tmp_path):
    make_topic(kafka, unique)
    send(kafka, unique, [rating(n) for n in range(10)])
    given = {"session.timeout.ms": 6000}
    context = SourceContext(InputOptions(), Scale(), False, given)
    port = kafka.rpartition(":")[2]
    both = [
        open_live(
            f"kafka://{host}:{port}/{unique}",
            replace(context, options=given | {"group": f"{unique}-{host}"}),
        )
        for host in ("127.0.0.1", "localhost")
    ]
    with running(tmp_path, *both, job=JOB) as service:
        soon(lambda: service.engine.engine.received >= 10, 60)
        soon(lambda: any("reads the topic" in each.health.error for each in service.sources), 60)
        send(kafka, unique, [rating(99)])
        soon(lambda: service.engine.engine.received >= 11, 60)
        books = service.engine.engine.books()
    assert books.received == 11


def test_the_doctor_finds_them(kafka, unique, tmp_path):
    make_topic(kafka, unique)
    send(kafka, unique, [rating(n) for n in range(100)])  # enough for the doctor
    port = kafka.rpartition(":")[2]
    flags = [
        word
        for host in ("127.0.0.1", "localhost")
        for word in ("--source", f"kafka://{host}:{port}/{unique}?session.timeout.ms=6000")
    ]
    done = starwatch("doctor", *flags, "--state", tmp_path / "s", "--seconds", "30")
    assert done.code == 1
    assert f"reads the topic {unique} already" in done.out
