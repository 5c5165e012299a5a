"""What a NiFi is asked, and what of its answers is told."""

import json
import threading
from email import message_from_bytes
from email.policy import HTTP
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from click.testing import CliRunner

from servers.ports import free_port
from starwatch.cli.main import cli
from starwatch.errors import BadSetting, NifiFailed
from starwatch.nifi.rest import Nifi


class Answering:
    """A server that answers all alike, and remembers what it was asked."""

    def __init__(self):
        self.status, self.text = 200, b"{}"
        self.asked = []
        answering = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self):
                body = self.rfile.read(int(self.headers["Content-Length"] or 0))
                answering.asked.append((self.command, self.path, body))
                answering.headers = self.headers
                self.send_response(answering.status)
                self.send_header("Content-Length", str(len(answering.text)))
                self.end_headers()
                self.wfile.write(answering.text)

            do_POST = do_PUT = do_GET  # noqa: N815 - so the server calls them

            def log_message(self, *_):
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}"


@pytest.fixture
def answering():
    answering = Answering()
    thread = threading.Thread(target=answering.server.serve_forever)
    thread.start()
    yield answering
    answering.server.shutdown()
    answering.server.server_close()
    thread.join()


@pytest.mark.parametrize("end", ["", "/", "/nifi", "/nifi/"])
def test_its_page_and_its_api_are_below_one_address(answering, end):
    nifi = Nifi(answering.url + end)
    assert nifi.ask("PUT", "/flow/x", {"a": 1}) == {}
    assert answering.asked == [("PUT", "/nifi-api/flow/x", b'{"a": 1}')]
    assert answering.headers["Authorization"] is None
    assert nifi.page("g") == f"{answering.url}/nifi/?processGroupId=g"


def test_a_flow_definition_is_sent_as_a_form(answering):
    answering.text = b'{"id": "made"}'
    assert Nifi(answering.url).upload("root", "Schön", {"a": [1]}) == "made"
    _, path, body = answering.asked[0]
    assert path == "/nifi-api/process-groups/root/process-groups/upload"
    head = f"Content-Type: {answering.headers['Content-Type']}\r\n\r\n"
    form = message_from_bytes(head.encode() + body, policy=HTTP)
    fields = {part.get_param("name", header="content-disposition"): part for part in form.walk()}
    assert fields["groupName"].get_payload(decode=True) == "Schön".encode()
    assert fields["file"].get_content_type() == "application/json"
    assert json.loads(fields["file"].get_payload(decode=True)) == {"a": [1]}


def test_a_token_comes_from_the_environment(answering, monkeypatch):
    monkeypatch.setenv("NIFI_TOKEN", "a.b.c\n")
    answering.status = 401
    words = ["nifi", "deploy", "--url", answering.url, "--token-env", "NIFI_TOKEN"]
    result = CliRunner().invoke(cli, words, standalone_mode=False)
    assert "lets only known users in" in str(result.exception)
    assert answering.headers["Authorization"] == "Bearer a.b.c"

    monkeypatch.setenv("NIFI_TOKEN", "")
    result = CliRunner().invoke(cli, words, standalone_mode=False)
    assert isinstance(result.exception, BadSetting)
    assert "the environment variable NIFI_TOKEN is empty" in str(result.exception)


def test_a_nifi_of_2_is_refused_before_anything_is_made(answering):
    answering.text = b'{"about": {"version": "2.4.0"}}'
    words = ["nifi", "deploy", "--url", answering.url, "--edges", "http"]
    result = CliRunner().invoke(cli, words, standalone_mode=False)
    assert "is NiFi 2.4.0, whose processors have other settings" in str(result.exception)
    assert [method for method, *_ in answering.asked] == ["GET"]


def test_a_refusal_is_told_in_nifis_words(answering):
    answering.status, answering.text = 409, b"ConvertRecord cannot be\nstarted."
    with pytest.raises(NifiFailed, match=r"refuses: ConvertRecord cannot be started$"):
        Nifi(answering.url).ask("GET", "/x")


@pytest.mark.parametrize(
    ("status", "text"), [(200, b"<html>"), (404, b"<html>"), (404, b""), (200, b"")]
)
def test_what_is_no_nifi_is_told(answering, status, text):
    answering.status, answering.text = status, text
    with pytest.raises(NifiFailed, match="otherwise than the REST API of NiFi"):
        Nifi(answering.url).ask("GET", "/x")


def test_one_that_is_away_is_told():
    with pytest.raises(NifiFailed, match=r"does not answer: connection refused\. Start a NiFi"):
        Nifi(f"http://127.0.0.1:{free_port()}").ask("GET", "/x")


@pytest.mark.parametrize("url", ["ftp://h", "http://", "http://h:x", "h:80", "http://u:p@h"])
def test_what_can_be_no_address_is_refused(url):
    with pytest.raises(BadSetting, match="is not where a NiFi can be"):
        Nifi(url)
