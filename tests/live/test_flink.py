"""A job on a real Flink: submitted, stopped behind a savepoint, gone on with; and over a kill."""

from dataclasses import replace

import pytest
from click.testing import CliRunner

from live.flink_jobs import BASE, committed_windows, counted, hop_job, made_ratings, messages
from live.kafka_ratings import make_topic, send
from live.starting import need
from servers.flink import JobManager, TaskManager
from servers.ports import free_port
from servers.processes import wait
from starwatch.cli.main import cli
from starwatch.errors import ClusterFailed
from starwatch.flink.rest import Cluster
from starwatch.flink.submit import submit

pytestmark = pytest.mark.slow

LONG = 400.0
"""Seconds that a busy machine has for what takes ten on one at rest."""

END = [("end", 1, BASE + 10_000)]
"""One far later than all others: every window of those closes."""


def ran(*words):
    result = CliRunner().invoke(cli, ["flink", *words], standalone_mode=False)
    assert result.exception is None, result.exception
    return result


def test_a_stopped_job_goes_on_from_its_savepoint_at_another_parallelism(flink, kafka, unique):
    cluster, target = Cluster(flink), f"{unique}-windows"
    make_topic(kafka, unique, partitions=2)
    make_topic(kafka, target)
    first, second = made_ratings(1, BASE, 240), made_ratings(2, BASE + 60, 240)
    job = hop_job(kafka, unique, source=unique, target=target)

    started = submit(job, cluster)
    with pytest.raises(ClusterFailed, match=f"named {unique} runs already, with id {started}"):
        submit(job, cluster)
    for partition in (0, 1):
        send(kafka, unique, messages(first[partition::2]), partition)
    closed = {w for w in counted(first) if w[1] < "2023-11-14 22:13:50"}
    assert closed <= set(committed_windows(kafka, target, len(closed), LONG))

    told = ran("status", unique, "--cluster", flink)
    assert told.return_value == 0
    assert f"{unique}: running, id {started}" in told.output
    assert "parallelism 1, 0 restarts" in told.output
    assert "checkpoint 20" in told.output
    savepoint = ran("stop", unique, "--savepoint", "--cluster", flink).stdout.strip()
    assert cluster.find(unique).state == "FINISHED"
    assert ran("status", unique, "--cluster", flink).return_value == 1

    again = job.with_settings({"parallelism.default": "2"})
    submit(again, cluster, savepoint=savepoint)
    try:
        for partition in (0, 1):
            send(kafka, unique, messages([*second[partition::2], *END]), partition)
        expected = counted(first + second)
        found = committed_windows(kafka, target, len(expected), LONG)
        assert sorted(found) == sorted(expected)
        assert cluster.progress(cluster.find(unique)).parallelism == 2
    finally:
        ran("stop", unique, "--no-savepoint", "--cluster", flink)
    assert cluster.find(unique).state == "CANCELED"


def test_a_killed_taskmanager_loses_and_doubles_nothing(servers, kafka, unique):
    need("flink")
    master = servers.run(JobManager(port=free_port()))
    worker = servers.run(TaskManager(jobmanager=master.kind))
    cluster, target = Cluster(master.kind.address()), f"{unique}-windows"
    make_topic(kafka, unique)
    make_topic(kafka, target)
    ratings = made_ratings(3, BASE, 480)
    job = submit(hop_job(kafka, unique, source=unique, target=target), cluster)
    send(kafka, unique, messages(ratings[:240]))
    wait(lambda: cluster.progress(cluster.find(job)).checkpoints > 0, LONG)

    worker.kill()
    send(kafka, unique, messages([*ratings[240:], *END]))
    worker.start()
    expected = counted(ratings)
    assert sorted(committed_windows(kafka, target, len(expected), LONG)) == sorted(expected)
    assert cluster.progress(cluster.find(job)).restarts >= 1


def test_sql_that_flink_does_not_take_is_told_in_one_line(flink, kafka, unique):
    job = hop_job(kafka, unique, source=unique, target=unique)
    last = "INSERT INTO windows SELECT b FROM ratings"
    wrong = replace(job, statements=(*job.statements[:2], last))
    told = r"statement 3 of 3, INSERT INTO windows SELECT …\): .*Column 'b' not found"
    with pytest.raises(ClusterFailed, match=told):
        submit(wrong, Cluster(flink))
