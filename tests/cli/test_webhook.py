"""A webhook of `starwatch run` whose bodies are signed, through the command and its environment."""

import hashlib
import hmac
import json
import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from cli.test_run import post, running
from commands import interrupted, soon, starwatch
from starwatch.settings.variables import NO_SETTINGS

SECRET = "sh4red"


@contextmanager
def receiver():
    """Takes every post; its URL, and what came: signature and body."""
    taken = []

    class Hook(BaseHTTPRequestHandler):
        def do_POST(self):
            body = self.rfile.read(int(self.headers["Content-Length"]))
            taken.append((self.headers["Starwatch-Signature"], body))
            self.send_response(200)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_):
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Hook) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}/hook", taken
        server.shutdown()
        thread.join()


def test_the_posts_of_a_run_are_signed_with_the_key_of_the_environment(tmp_path, monkeypatch):
    monkeypatch.setenv("STARWATCH_WEBHOOK_SECRET", SECRET)
    with receiver() as (url, taken), running(tmp_path, "--sink", url) as (service, port):
        assert post(port)["counted"] == 1
        soon(lambda: sum(len(json.loads(body)) for _, body in taken) == 2)
        assert interrupted(service, within=5).code == 0
    for signature, body in taken:
        expected = hmac.new(SECRET.encode(), body, hashlib.sha256).hexdigest()
        assert signature == f"sha256={expected}"


@pytest.mark.parametrize("name", sorted(NO_SETTINGS))
def test_a_variable_that_is_no_setting_of_a_job_is_passed_over(tmp_path, name):
    path = tmp_path / "starwatch.toml"
    path.write_text("bound = '1s'")
    done = starwatch("config", "check", path, env={name: SECRET})
    assert (done.code, done.err) == (0, "")
    assert SECRET not in starwatch("config", "show", path, env={name: SECRET}).out


def test_one_that_is_nearly_the_key_is_refused(tmp_path):
    path = tmp_path / "starwatch.toml"
    path.write_text("")
    done = starwatch("config", "check", path, env={"STARWATCH_WEBHOOK_SECRETS": SECRET})
    assert done.code == 2
    assert "STARWATCH_WEBHOOK_SECRETS is no setting" in done.err
