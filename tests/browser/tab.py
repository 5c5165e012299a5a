"""A tab of a browser that takes note of whatever a page must not do."""

import json
from contextlib import contextmanager
from urllib.parse import urlsplit

from live.starting import need
from servers.chromium import chromium

VIOLATIONS = """addEventListener("securitypolicyviolation", (event) =>
  console.error(`policy: ${event.violatedDirective} ${event.blockedURI}`));"""


@contextmanager
def browsing(*options):
    """A browser; where there is none the test is skipped, and fails in CI."""
    need("chromium")
    with chromium(*options) as browser:
        yield browser


class Tab:
    """A page of the service at `url`.

    Attributes:
        page: Playwright's.
        complaints: Errors, warnings and requests to other hosts, a line each.
    """

    def __init__(self, page, url):
        self.page, self.url, self.complaints = page, url.rstrip("/"), []
        self._excused = ()
        page.set_default_timeout(20_000)
        page.add_init_script(VIOLATIONS)
        page.on("console", self._said)
        page.on("pageerror", lambda error: self.complaints.append(f"thrown: {error}"))
        page.on("request", self._asked)

    def excuse(self, *texts):
        """What the browser itself says of a server that a test kills is no complaint."""
        self._excused = texts

    def open(self, path="/"):
        """Go to an address, and wait until its view is alive."""
        self.page.goto(self.url + path)
        self.ready()
        return self

    def ready(self):
        self.page.wait_for_selector("main[data-ready]")

    def live(self):
        """Wait until the stream has answered."""
        self.page.wait_for_selector("#connection:is([data-state=live], [data-state=finished])")
        return self

    def all(self, selector):
        """The texts of all elements that are to be seen."""
        return self.page.evaluate(
            """(selector) => [...document.querySelectorAll(selector)]
              .filter((node) => node.offsetParent !== null || node.closest("svg"))
              .map((node) => node.textContent.trim())""",
            selector,
        )

    def text(self, selector):
        return self.page.locator(selector).first.inner_text().strip()

    def until(self, condition, given=None, *, seconds=20):
        """Wait until a JavaScript function is true."""
        self.page.wait_for_function(condition, arg=given, timeout=1000 * seconds)

    def sees(self, selector, text, *, seconds=20):
        """Wait until the first element has this text."""
        self.until(
            "([selector, text]) => document.querySelector(selector)?.textContent.trim() === text",
            [selector, text],
            seconds=seconds,
        )

    def rows(self):
        """The rows of the overview's table on screen, in their order: index, id, numbers."""
        return self.page.evaluate(ROWS)

    def api(self, path):
        """JSON of the same service."""
        return self.page.evaluate("async (at) => (await fetch(at)).json()", f"{self.url}{path}")

    @property
    def first(self):
        """The numbers that the page came with."""
        return json.loads(self.page.locator("#first").text_content())

    def _said(self, message):
        if message.type in {"error", "warning"}:
            self.complaints.append(f"{message.type}: {message.text}")

    def _asked(self, request):
        parts = urlsplit(request.url)
        if parts.scheme not in {"data", "blob"} and parts.netloc != urlsplit(self.url).netloc:
            self.complaints.append(f"asked elsewhere: {request.url}")

    def check(self):
        """Nothing was to complain of."""
        excused = self._excused
        left = [each for each in self.complaints if not any(text in each for text in excused)]
        assert not left, "\n".join(left)


ROWS = """() => [...document.querySelectorAll(".rows > .row:not([hidden])")].map((row) => ({
  index: Number(row.getAttribute("aria-rowindex")) - 2,
  known: !row.classList.contains("unknown"),
  id: new URL(row.querySelector("a").href).searchParams.get("id"),
  name: row.querySelector("a").textContent,
  mean: row.querySelector(".c-mean").textContent,
  count: row.querySelector(".c-count").textContent,
  change: row.querySelector(".c-change").textContent,
  all: row.querySelector(".c-all .value").textContent,
  score: row.querySelector(".c-score .value").textContent,
  top: row.getBoundingClientRect().top,
})).sort((a, b) => a.index - b.index)"""


@contextmanager
def tab(browser, url, **options):
    """A tab of its own, with cookies of its own; at the end nothing may be to complain of."""
    options = {"viewport": {"width": 1600, "height": 900}, "locale": "en-GB"} | options
    with browser.new_context(timezone_id="UTC", **options) as context:
        opened = Tab(context.new_page(), url)
        yield opened
        opened.check()
