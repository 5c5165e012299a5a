"""A token asks for a login; a path prefix works behind a proxy."""

import threading
from contextlib import closing, contextmanager
from http.client import HTTPConnection
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import urlsplit

import pytest

from browser.tab import tab as tab_of
from page.shown import shown

TOKEN = "a token of sixteen or more"


@pytest.fixture
def locked(first_252):
    with shown(first_252, token=TOKEN) as page:
        yield page


def test_a_login_leads_to_what_was_asked_for_and_a_logout_ends_it(locked, browser):
    with tab_of(browser, locked.url) as tab:
        tab.excuse("403")  # the browser says so of the wrong token
        tab.page.goto(f"{tab.url}/product?id=0000589012")
        assert "/login" in tab.page.url
        tab.page.fill("#token", "wrong")
        tab.page.keyboard.press("Enter")
        tab.page.wait_for_selector("[role=alert]")
        assert tab.page.get_attribute("#token", "aria-invalid") == "true"
        tab.page.fill("#token", TOKEN)
        tab.page.keyboard.press("Enter")
        tab.page.wait_for_url("**/product?id=0000589012")
        tab.ready()
        tab.live()
        (cookie,) = tab.page.context.cookies()
        assert (cookie["httpOnly"], cookie["sameSite"]) == (True, "Strict")
        assert TOKEN not in str(cookie)
        tab.page.click("text=Log out")
        tab.page.wait_for_url("**/login*")
        tab.page.goto(f"{tab.url}/pipeline")
        assert "/login" in tab.page.url


@contextmanager
def proxy(port, prefix):
    """A reverse proxy that hands on what is below a prefix, streams too, and nothing else."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.0"

        def do_GET(self):
            if not self.path.startswith(f"{prefix}/"):
                self.send_error(404)
                return
            with closing(HTTPConnection("127.0.0.1", port, timeout=30)) as behind:
                behind.request("GET", self.path.removeprefix(prefix), headers=dict(self.headers))
                answer = behind.getresponse()
                self.send_response(answer.status)
                for name, value in answer.getheaders():
                    if name.lower() not in {"transfer-encoding", "connection"}:
                        self.send_header(name, value)
                self.end_headers()
                try:
                    while part := answer.read1(65_536):
                        self.wfile.write(part)
                except OSError:
                    return  # the tab went away, or the service

        def log_message(self, *_):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}{prefix}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def test_behind_a_proxy_every_view_lives_under_the_prefix(first_252, browser):
    with (
        shown(first_252, prefix="/shop") as page,
        proxy(urlsplit(page.url).port, "/shop") as url,
        tab_of(browser, url) as tab,
    ):
        tab.open("/").live()
        tab.page.click(".row >> nth=0 >> a")
        tab.page.wait_for_selector("main[data-view=product][data-ready]")
        tab.live()
        for view in ("compare", "pipeline", "rejects", "overview"):
            tab.page.click(f"nav [data-view={view}]")
            tab.page.wait_for_selector(f"main[data-view={view}][data-ready]")
            tab.live()
            assert urlsplit(tab.page.url).path.startswith("/shop/")
        assert not tab.complaints
