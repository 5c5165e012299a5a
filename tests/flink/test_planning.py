"""What Flink cannot do is refused with one line; the rest reaches the SQL."""

import pytest

from starwatch.codecs.options import InputOptions
from starwatch.errors import BadSetting, NotOnFlink
from starwatch.flink.planning import plan_of
from starwatch.flink.sql import as_text, flink_job
from starwatch.settings.job import build_job
from starwatch.settings.sections import SourceSection
from starwatch.settings.sources import Settings

KAFKA = [SourceSection(url="kafka://127.0.0.1/ratings")]


def plan(sources=KAFKA, options=None, settings=None, *, masked=False, **rules):
    job = build_job(rules, replay=False)
    return plan_of(job, sources, options or InputOptions(), settings or Settings(), masked=masked)


def test_a_source_of_kafka_becomes_a_plan():
    given = plan([SourceSection(url="kafka://k1,k2:9093/a,b?group=g&from=latest")])
    assert (given.hosts, given.topics, given.group) == ("k1:9092,k2:9093", ("a", "b"), "g")
    text = as_text(flink_job(given))
    assert "'topic' = 'a;b'" in text
    assert "'properties.group.id' = 'g'" in text
    assert "'properties.auto.offset.reset' = 'latest'" in text


def test_several_sources_of_one_cluster_are_one():
    two = [SourceSection(url="kafka://k/a"), SourceSection(url="kafka://k:9092/b")]
    assert plan(two).topics == ("a", "b")


def test_the_section_reaches_the_job():
    settings = Settings(flink={"prefix": "x-", "parallelism": 3, "checkpoint": "2s", "idle": "0s"})
    text = as_text(flink_job(plan(settings=settings)))
    assert "'topic' = 'x-windows'" in text
    assert "SET 'parallelism.default' = '3';" in text
    assert "SET 'execution.checkpointing.interval' = '2000 ms';" in text
    assert "idle-timeout" not in text


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"lateness": "1s"}, "no allowed lateness on Flink"),
        ({"sources": []}, "there is no source"),
        (
            {"sources": [SourceSection(url="mqtt://me:secret@h/t")]},
            "not from mqtt://me:\\*\\*\\*@h",
        ),
        (
            {"sources": [KAFKA[0], SourceSection(url="kafka://other/b")]},
            "in more than their topics",
        ),
        ({"sources": [SourceSection(url="kafka://k/a?instance=i")]}, "no instance"),
        ({"sources": [SourceSection(url="kafka://k/a?fetch.min.bytes=1")]}, "fetch.min.bytes"),
        ({"options": InputOptions(format="parquet")}, "'parquet' cannot be read on Flink"),
        ({"options": InputOptions(zone="Europe/Madrid")}, "cannot be Europe/Madrid"),
        ({"settings": Settings(privacy={"reviewers": "hash"})}, "reviewers = 'hash' on Flink"),
    ],
)
def test_what_flink_cannot_do(given, said):
    with pytest.raises(NotOnFlink, match=said) as refused:
        plan(**given)
    assert refused.value.hint
    assert "secret" not in str(refused.value)


def test_csv_without_known_columns():
    named = InputOptions(format="csv", columns={"product": "sku"})
    with pytest.raises(BadSetting, match="has no header"):
        plan(options=named)
    with pytest.raises(BadSetting, match="not both known"):
        plan(options=InputOptions(columns={"product": 7}))


def test_a_password_reaches_flink_and_is_never_shown():
    source = [SourceSection(url="kafka://k/a", user="u", password='p"w', mechanism="SCRAM-SHA-512")]
    text = as_text(flink_job(plan(source)))
    assert 'scram.ScramLoginModule required username="u" password="p\\"w";' in text
    assert "'properties.security.protocol' = 'SASL_PLAINTEXT'" in text
    shown = as_text(flink_job(plan(source, masked=True)))
    assert 'password="***"' in shown
    assert 'p\\"w' not in shown
