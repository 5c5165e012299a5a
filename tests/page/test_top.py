"""`starwatch top`: what the API says as a table in a terminal, over the end of a server."""

import re
import sys
from contextlib import ExitStack
from fractions import Fraction
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

import pytest

from commands import process, soon, starwatch
from page.shown import shown
from servers.ports import free_port

TOKEN = "a-token-of-16-chars"


def mean(stars):
    """To two places, half to even, as Python rounds a fraction."""
    exact = Fraction(sum(n * at for at, n in enumerate(stars, 1)), sum(stars))
    return f"{float(round(exact, 2)):.2f}"


def table(done):
    """The rows of a table: id, then the other cells."""
    assert done.code == 0, done.err
    lines = done.out.splitlines()
    at = next(at for at, line in enumerate(lines) if line.startswith("product"))
    return [line.split() for line in lines[at + 1 :] if not line.startswith("…")]


def test_it_prints_one_table_of_what_the_api_says(reference):
    done = starwatch("top", "--url", reference.url, "--sort", "product")
    rows = reference.api("products", sort="id", limit=24)["rows"]
    printed = table(done)
    assert [row[0] for row in printed] == rows["id"]
    for at, row in enumerate(printed):
        count = rows["count"][at]
        shown_mean = mean(rows["stars"][at]) if count else "-"
        assert row[1:3] == [shown_mean, f"{count:,}"]
        assert mean(rows["all_stars"][at]) in row
    sentence = reference.api("status")["books"]["sentence"]
    assert sentence in done.out
    assert re.match(r"Starwatch .* ratings/s   16 products .* no job runs\n", done.out)
    assert "\x1b" not in done.out


@pytest.mark.parametrize(("sort", "asked"), [("count", "-count"), ("mean", "-mean")])
def test_it_sorts_as_it_is_told(reference, sort, asked):
    printed = table(starwatch("top", "--url", reference.url, "--sort", sort))
    assert [row[0] for row in printed] == reference.api("products", sort=asked, limit=24)["rows"][
        "id"
    ]


def test_it_finds_text_and_refuses_windows_that_are_none(reference):
    printed = table(starwatch("top", "--url", reference.url, "--search", "0000589"))
    assert [row[0] for row in printed] == ["0000589012"]
    done = starwatch("top", "--url", reference.url, "--window", "7")
    assert (done.code, done.out) == (1, "")
    assert done.err.startswith(f"error: {reference.url} refuses: ")


def test_ids_and_names_of_attackers_move_nothing(evil):
    done = starwatch("top", "--url", evil.url, "--sort", "product")
    assert done.code == 0
    assert "\\u202e" in done.out
    assert "\u202e" not in done.out


def test_a_token(first_252):
    with shown(first_252, token=TOKEN) as page:
        call = ("top", "--url", page.url)
        done = starwatch(*call)
        assert (done.code, done.out) == (1, "")
        assert done.err.startswith(f"error: {page.url} wants a token")
        assert table(starwatch(*call, "--token", TOKEN))
        assert table(starwatch(*call, env={"STARWATCH_HTTP__TOKEN": TOKEN}))


def test_a_path_prefix(first_252):
    with shown(first_252, prefix="/shop") as page:
        assert table(starwatch("top", "--url", f"{page.url}/shop/"))


def test_a_server_that_is_away_or_another_one_is_one_line():
    url = f"http://127.0.0.1:{free_port()}"
    done = starwatch("top", "--url", url)
    assert (done.code, done.out) == (1, "")
    assert done.err.startswith(f"error: {url} does not answer: connection refused. Start ")
    assert len(done.err.splitlines()) == 1

    class Other(BaseHTTPRequestHandler):
        def do_GET(self):
            self.send_response(200)
            self.end_headers()
            self.wfile.write(b"<html>")

        def log_message(self, *_):
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Other) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        done = starwatch("top", "--url", f"http://127.0.0.1:{server.server_port}")
        server.shutdown()
    assert done.code == 1
    assert "otherwise than the API of Starwatch" in done.err
    assert len(done.err.splitlines()) == 1


@pytest.mark.parametrize("url", ["127.0.0.1:8321", "ftp://x", "http://", "http://x:port"])
def test_no_such_url_can_be(url):
    done = starwatch("top", "--url", url)
    assert (done.code, done.out) == (2, "")
    assert done.err.startswith("error: ")


@pytest.mark.skipif(sys.platform == "win32", reason="no pseudo-terminals of this kind")
def test_on_a_terminal_it_goes_on_over_the_end_of_the_server(tmp_path):
    from commands.terminal import Terminal  # noqa: PLC0415 - not on Windows

    port = free_port()
    demo = ("demo", "--port", port, "--past", "1m", "--state", tmp_path / "s")
    demo += ("--window", "10s/5s", "--window", "20s/5s", "--quiet")

    def start(stack):
        return stack.enter_context(process(*demo))

    with ExitStack() as stack, Terminal("top", "--url", f"http://127.0.0.1:{port}") as terminal:
        soon(lambda: "does not answer" in terminal.read(), seconds=50)
        child = start(stack)
        row = r"[A-Z0-9]{10} +\S.* \d\.\d\d +\d+ +[▁▂▃▄▅▆▇█]{5}"
        terminal.waits_for(rf"10s/5s: .*closed, by count.*{row}", seconds=50)
        at = terminal.press("w")
        terminal.waits_for("20s/5s: .*by count", at)
        at = terminal.press("s")
        terminal.waits_for("20s/5s: .*by mean", at)
        at = terminal.press("/B0\x7f106\r")
        terminal.waits_for("by mean, with 'B106'", at)
        at = terminal.press("/\x1b")
        terminal.waits_for(r"by mean\s", at)
        at = terminal.press("p")
        terminal.waits_for("paused", at)
        terminal.press("p")

        child.kill()
        child.wait()
        at = terminal.press("s")
        terminal.waits_for("does not answer: .*; tried again", at, seconds=20)
        start(stack)
        soon(
            lambda: "does not answer" not in (terminal.frames() or ["does not answer"])[-1],
            seconds=50,
        )
        terminal.press("q")
        assert terminal.end() == 0
        assert "Traceback" not in terminal.raw
