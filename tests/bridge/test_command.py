"""`starwatch bridge` as it is called: what it refuses, and how it ends."""

import pytest

from bridge.serving import Receiver
from commands import interrupted, process, starwatch
from servers.ports import HOST, free_port

FROM = ("--from", "http://127.0.0.1:1/in")
TO = ("--to", "http://127.0.0.1:1/in")


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ((*TO,), "missing option '--from'"),
        ((*FROM, "--to", "mqtt://h/t"), "a bridge cannot lead to mqtt://"),
        ((*FROM, "--to", "nothing"), "a bridge cannot lead to nowhere://"),
        ((*FROM, "--to", "http:///x"), "names no host"),
        ((*FROM, "--to", "http://h:99999/x"), "impossible port"),
        ((*FROM, "--to", "http://h/x#connections=65"), "connections=65"),
        ((*FROM, "--to", "http://h/x#nothing=1"), "'nothing'"),
        ((*FROM, "--to", "kafka://h"), "a Kafka URL names its topic"),
        ((*FROM, "--to", "kafka://h/a,b"), "one Kafka topic"),
        (("--from", "kafka://h/t", *TO), "a bridge cannot come from kafka://"),
        (("--from", "mqtt://h", *TO), "without a topic"),
        (("--from", "http://0.0.0.0:80/x", *TO), "there is no token"),
        ((*FROM, *TO, "--refused", "/nowhere/at/all"), "cannot be kept in /nowhere/at/all"),
        ((*FROM, *TO, "--format", "xml"), "'xml' is not one of"),
    ],
)
def test_what_cannot_be_is_said_in_one_line(tmp_path, monkeypatch, options, said):
    monkeypatch.chdir(tmp_path)
    done = starwatch("bridge", *options)
    assert done.code == 2
    assert said in done.err
    assert done.err.count("\n") == 1
    assert list(tmp_path.iterdir()) == []


def test_it_ends_with_its_books(tmp_path):
    source = f"http://{HOST}:{free_port()}/in"
    with Receiver() as receiver:
        line = ("bridge", "--from", source, "--to", receiver.url)
        with process(*line, cwd=tmp_path) as running:
            while "messages by POST" not in running.stderr.readline():
                pass
            done = interrupted(running, within=8)
    assert done.code == 0
    assert done.err == "taken 0, delivered 0, refused 0, in hand 0; redelivered 0\n"
    assert list(tmp_path.iterdir()) == []
