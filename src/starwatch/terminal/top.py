"""The overview on a terminal: asks the API again and again, draws with rich, listens to keys.

Imported only where it is drawn, for rich takes a while to load.
"""

import time
from dataclasses import replace
from typing import Protocol

from rich.console import Console
from rich.live import Live

from starwatch.clients.api import Api
from starwatch.errors import RunError
from starwatch.terminal.keys import Keys, open_keys
from starwatch.terminal.live import text_of
from starwatch.terminal.overview import AROUND, Answers, Chosen, overview

_LOOK_SECONDS = 0.1
"""Between two looks at the keys."""

_ASK_SECONDS = 1.0
"""Between two questions: windows close every few seconds, and the rate is of the last ten."""

_MOST_ROWS = 500
"""What the API gives at once."""

_ENTER, _BACK, _ESCAPE = "\r\n", "\x7f\b", "\x1b"


class Stop(Protocol):
    """A request to end."""

    def is_set(self) -> bool:
        """Whether there was one."""

    def wait(self, seconds: float) -> None:
        """Wait so long, or until there is one."""


def asked(api: Api, chosen: Chosen, rows: int) -> Answers:
    """What the API says now.

    Raises:
        RunError: it says nothing of use.
    """
    status = api.get("status")
    if not status.get("windows"):
        return Answers(status, None)
    products = api.get(
        "products",
        window=chosen.window,
        sort=chosen.sort.asked,
        q=chosen.search,
        limit=min(max(rows, 1), _MOST_ROWS),
    )
    return Answers(status, products)


class Top:
    """A picture that is asked for anew every second, until a person quits.

    Args:
        api: Whom to ask.
        chosen: What to show at first.
        console: Where to draw; for tests.
        keys: What to listen to; for tests.
    """

    def __init__(
        self,
        api: Api,
        chosen: Chosen,
        *,
        console: Console | None = None,
        keys: Keys | None = None,
    ) -> None:
        self._api = api
        self._console = console or Console(highlight=False)
        self._keys = keys or open_keys()
        self._chosen = replace(chosen, keys=self._keys.there)
        self._answers: Answers | None = None
        self._trouble = ""
        self._quit = False

    def run(self, stop: Stop) -> None:
        """Draw until a person quits, or a signal ends it."""
        live = Live(console=self._console, screen=True, auto_refresh=False, redirect_stdout=False)
        due = 0.0
        try:
            with live:
                while not (self._quit or stop.is_set()):
                    pressed = self._keys.pressed()
                    before = self._chosen
                    for key in pressed:
                        self._press(key)
                    now = time.monotonic()
                    anew = self._chosen != before
                    if (now >= due and not self._chosen.paused) or anew:
                        self._ask()
                        due = now + _ASK_SECONDS
                        live.update(text_of(self._lines()), refresh=True)
                    stop.wait(_LOOK_SECONDS)
        finally:
            self._keys.close()

    def _ask(self) -> None:
        try:
            self._answers = asked(self._api, self._chosen, self._rows())
            self._trouble = ""
        except RunError as error:
            self._trouble = f"{error.message}; tried again every second"

    def _rows(self) -> int:
        return max(self._console.size.height - AROUND, 1)

    def _lines(self) -> list[tuple[tuple[str, str], ...]]:
        if self._answers is None:
            return [((self._trouble, "bold red"),)]
        return overview(self._answers, self._chosen, trouble=self._trouble, rows=self._rows())

    def _press(self, key: str) -> None:
        if self._chosen.typing:
            self._type(key)
        elif key.lower() == "q":
            self._quit = True
        elif key.lower() == "p":
            self._chosen = replace(self._chosen, paused=not self._chosen.paused)
        elif key.lower() == "s":
            self._chosen = replace(self._chosen, sort=self._chosen.sort.following)
        elif key.lower() == "w" and self._answers:
            windows = len(self._answers.status.get("windows") or [0])
            self._chosen = replace(self._chosen, window=(self._chosen.window + 1) % windows)
        elif key == "/":
            self._chosen = replace(self._chosen, typing=True, search="")

    def _type(self, key: str) -> None:
        search = self._chosen.search
        if key in _ENTER:
            self._chosen = replace(self._chosen, typing=False)
        elif key == _ESCAPE:
            self._chosen = replace(self._chosen, typing=False, search="")
        elif key in _BACK:
            self._chosen = replace(self._chosen, search=search[:-1])
        elif key.isprintable():
            self._chosen = replace(self._chosen, search=search + key)
