"""The page as a whole: its views, its API, its stream, its files."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from threading import Event

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from starwatch.page.api.answers import Answers
from starwatch.page.api.routes import Api
from starwatch.page.login import Cookies, Login
from starwatch.page.pages import VIEWS, MadePage, Pages, logged_in
from starwatch.page.sharing import Shared
from starwatch.page.static_files import StaticFiles
from starwatch.page.stream.endpoint import Stream
from starwatch.page.stream.hub import Hub
from starwatch.ports import JobStatus
from starwatch.views.views import Views

_THREADS = 2
"""They hold Python's lock most of the time: more of them answer no sooner, and cost the job."""

_MOST_BYTES = 32 << 20


class Site:
    """Everything that a page is served by; made by `site`.

    Args:
        views: What is shown.
        directory: The state directory.
        status: The job, where it runs in this process.
        pool: Threads that work on answers.
        token: What one logs in with; empty where nobody must.
        prefix: What stands before all paths in a browser.

    Attributes:
        paths: Where its pages are.
    """

    def __init__(  # noqa: PLR0913
        self,
        views: Views,
        directory: Path,
        *,
        status: JobStatus | None,
        pool: ThreadPoolExecutor,
        token: str,
        prefix: str,
    ) -> None:
        self.paths = frozenset(view.path for view in VIEWS)
        self._answers = Answers(views, directory, status)
        self._hub = Hub(self._answers, pool)
        self._static = StaticFiles()
        self._api = Api(self._answers, pool)
        kept: Shared[MadePage] = Shared(
            pool,
            lambda made: (made.seq, made.running) == (views.seq, views.running) and status is None,
            size=lambda made: made.body.size,
            most_bytes=_MOST_BYTES,
        )
        self._pages = Pages(self._answers, self._static, kept, prefix)
        self._login = Login(Cookies(token), prefix, self._login_page, tuple(self.paths))
        self._token = token
        pool.submit(self._pages.warm)

    def routes(self) -> list[Route]:
        """Where it answers."""
        login = self._login.routes() if self._token else []
        return [
            *self._api.routes(),
            Route("/api/v1/stream", Stream(self._hub).answer),
            Route("/static/{version}/{name:path}", self._static.answer),
            *login,
            *self._pages.routes(),
        ]

    async def ready(self, _: Request) -> Response:
        """`/readyz` where there is no job: whether the state can be read."""
        trouble = self._answers.views.about().trouble
        body = {"status": "not ready" if trouble else "ready"}
        return JSONResponse(body, status_code=503 if trouble else 200)

    def error(self, request: Request, status: int, message: str) -> Response:
        """A page that says what is wrong."""
        return self._pages.error(status, message, token=logged_in(request))

    def stop(self) -> None:
        """End all streams; from any thread."""
        self._hub.close()

    def _login_page(self, message: str, target: str) -> Response:
        return self._pages.rendered(
            "login.html", view="login", message=message, next=target, token=False, query={}
        )


@contextmanager
def site(
    directory: Path,
    *,
    status: JobStatus | None = None,
    committed: Event | None = None,
    token: str = "",
    prefix: str = "",
) -> Iterator[Site]:
    """The page of a state.

    Args:
        directory: The state directory.
        status: The job, where it runs in this process.
        committed: Set by it with each commit.
        token: What one logs in with; empty where nobody must.
        prefix: What stands before all paths in a browser.

    Raises:
        StateError: there is no state, or none that can be read.
    """
    with (
        Views.open(directory, committed=committed) as views,
        ThreadPoolExecutor(_THREADS, "page") as pool,
    ):
        made = Site(views, directory, status=status, pool=pool, token=token, prefix=prefix)
        try:
            yield made
        finally:
            made.stop()
