"""Chromium, in which tests, benchmarks and screenshots look at the page."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from servers.programs import path_of

if TYPE_CHECKING:  # it is in .venv alone, and `make servers` works without
    from playwright.sync_api import Browser

PROGRAMS = ("chromium",)


@contextmanager
def chromium(*options: str) -> Iterator["Browser"]:
    """Debian's Chromium without a window, driven from here; it reaches this machine alone.

    Args:
        options: More flags of its command line.

    Raises:
        Missing: It is not on this machine.
    """
    from playwright.sync_api import sync_playwright  # noqa: PLC0415 - see above

    flags = ["--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1", *options]
    program = path_of("chromium")
    with sync_playwright() as driver:
        browser = driver.chromium.launch(
            executable_path=program,
            args=flags,
            # Chromium's sandbox refuses to work for root, which CI is
            chromium_sandbox=os.geteuid() != 0,
        )
        try:
            yield browser
        finally:
            browser.close()
