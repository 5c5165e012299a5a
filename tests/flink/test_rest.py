"""What a cluster, or something that is none, answers, and what a user is told of it."""

import json
from http.server import BaseHTTPRequestHandler, HTTPServer
from threading import Thread

import pytest
from click.testing import CliRunner

from servers.ports import free_port
from starwatch.cli.main import cli
from starwatch.errors import BadSetting, ClusterFailed
from starwatch.flink.rest import Cluster

OLD, NEW = "a" * 32, "b" * 32
JOBS = {
    "jobs": [
        {"jid": OLD, "name": "shop", "state": "FINISHED", "start-time": 1_000},
        {"jid": NEW, "name": "shop", "state": "RESTARTING", "start-time": 2_000},
    ]
}


@pytest.fixture
def answering():
    """Starts a server with an answer a path: a value for 200 as JSON, or status and bytes."""
    servers = []

    def start(answers) -> str:
        class Handler(BaseHTTPRequestHandler):
            def answer(self) -> None:
                found = answers[self.path]
                status, body = found if isinstance(found, tuple) else (200, json.dumps(found))
                self.send_response(status)
                self.end_headers()
                self.wfile.write(body.encode())

            do_GET = do_POST = do_PATCH = answer  # noqa: N815 - so the library calls them

            def log_message(self, *_: object) -> None:
                pass

        server = HTTPServer(("127.0.0.1", 0), Handler)
        servers.append(server)
        Thread(target=server.serve_forever, daemon=True).start()
        return f"http://127.0.0.1:{server.server_port}"

    yield start
    for server in servers:
        server.shutdown()
        server.server_close()


def test_a_name_means_the_job_of_it_that_runs(answering):
    cluster = Cluster(answering({"/jobs/overview": JOBS}))
    assert cluster.find("shop").id == NEW
    assert cluster.find(OLD).runs is False
    assert cluster.find().id == NEW
    with pytest.raises(ClusterFailed, match=f"knows no job shoes. It knows shop .{NEW}, RESTART"):
        cluster.find("shoes")


def test_which_job_must_be_said_where_several_run(answering):
    other = {"jid": OLD, "name": "kiosk", "state": "RUNNING", "start-time": 1_000}
    cluster = Cluster(answering({"/jobs/overview": {"jobs": [other, JOBS["jobs"][1]]}}))
    with pytest.raises(ClusterFailed, match=r"runs 2 jobs. It knows shop .*, kiosk"):
        cluster.find()


def test_a_savepoint_that_cannot_be_written_is_told_with_its_cause(answering):
    trace = (
        "java.util.concurrent.CompletionException: java.io.IOException: Stop failed.\n"
        "\tat org.apache.flink.Foo.bar(Foo.java:1)\n"
        "Caused by: java.io.IOException: No space left on device\n\t... 3 more\n"
    )
    failed = {"status": {"id": "COMPLETED"}, "operation": {"failure-cause": {"stack-trace": trace}}}
    url = answering(
        {
            "/jobs/overview": JOBS,
            f"/jobs/{NEW}/stop": {"request-id": "r"},
            f"/jobs/{NEW}/savepoints/r": failed,
        }
    )
    run = CliRunner().invoke(cli, ["flink", "stop", "--savepoint", "--cluster", url])
    told = "no savepoint could be written: Stop failed: No space left on device"
    assert str(run.exception).startswith(told)
    assert run.stdout == ""


@pytest.mark.parametrize("answer", [(404, "<html>Not here</html>"), (200, "hello"), (500, "{}")])
def test_a_server_that_is_no_flink_is_told(answering, answer):
    cluster = Cluster(answering({"/jobs/overview": answer}))
    with pytest.raises(ClusterFailed, match=rf"otherwise than the REST API of Flink: {answer[0]}"):
        cluster.jobs()


def test_a_refusal_is_told_in_the_words_of_flink(answering):
    trace = "java.lang.IllegalStateException: It is not stoppable.\n\tat org.apache.flink.Foo"
    refusal = (409, json.dumps({"errors": [trace]}))
    cluster = Cluster(answering({"/jobs/overview": refusal}))
    with pytest.raises(ClusterFailed, match=r"refuses: It is not stoppable\. The log of "):
        cluster.jobs()


def test_a_cluster_that_is_away_is_told_with_how_to_start_one():
    url = f"http://127.0.0.1:{free_port()}"
    run = CliRunner().invoke(cli, ["flink", "status", "--cluster", url])
    assert isinstance(run.exception, ClusterFailed)
    assert str(run.exception).startswith(f"{url} does not answer: connection refused. Start a clu")


@pytest.mark.parametrize("url", ["127.0.0.1:8081", "https://a:1", "http://a/b", "http://a:b", ""])
def test_what_is_no_address_of_a_cluster_is_refused(url):
    with pytest.raises(BadSetting, match="is not where a cluster of Flink can be"):
        Cluster(url)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ([], "Give --savepoint, to go on from it later, or --no-savepoint, to end the job now"),
        (["--no-savepoint", "--to", "file:///x"], "Give --savepoint, or leave --to out"),
    ],
)
def test_how_to_stop_is_asked_for_before_anything_connects(words, said):
    run = CliRunner().invoke(cli, ["flink", "stop", *words, "--cluster", "http://127.0.0.1:1"])
    assert isinstance(run.exception, BadSetting)
    assert str(run.exception).endswith(said)
