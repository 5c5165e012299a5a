"""The ASGI application: which path is answered by what."""

from collections.abc import Callable, Mapping

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp

from starwatch.page.health import Health, alive
from starwatch.page.metrics import Metrics
from starwatch.page.openapi import described
from starwatch.page.site import Site
from starwatch.ports import JobStatus
from starwatch.status import DoorFigures


def application(
    status: JobStatus | None,
    *,
    posts: Mapping[str, ASGIApp] | None = None,
    door: Callable[[], DoorFigures] | None = None,
    page: Site | None = None,
) -> ASGIApp:
    """All that a running job serves, or the page of a state without one.

    Args:
        status: The job; None where there is none.
        posts: By path, what takes ratings there.
        door: The figures of those, for metrics.
        page: The page; None where there is none.
    """
    posts = posts or {}
    description = described(sorted(posts), job=status is not None, page=page is not None)

    async def openapi(_: Request) -> Response:
        return JSONResponse(description)

    async def refused(request: Request, error: Exception) -> Response:
        if not isinstance(error, HTTPException):
            raise error
        if page and "text/html" in request.headers.get("accept", ""):
            return page.error(request, error.status_code, error.detail.lower())
        return _refused(error)

    watching = [Route("/healthz", alive)]
    if status is not None:
        watching.append(Route("/readyz", Health(status).ready))
        watching.append(Route("/metrics", Metrics(status, door).answer))
    elif page is not None:
        watching.append(Route("/readyz", page.ready))
    app = Starlette(
        routes=[
            *(Route(path, app) for path, app in posts.items()),
            *watching,
            Route("/openapi.json", openapi),
            *(page.routes() if page else ()),
        ],
        exception_handlers={HTTPException: refused},
    )
    app.router.redirect_slashes = False  # /ratings/ is another path; a client would lose its post
    return app


def _refused(error: HTTPException) -> Response:
    return JSONResponse(
        {"error": error.detail.lower()}, status_code=error.status_code, headers=error.headers
    )
