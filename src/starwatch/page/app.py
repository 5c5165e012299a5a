"""The ASGI application: which path is answered by what."""

from collections.abc import Callable, Iterable, Mapping

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp

from starwatch.page.health import Health
from starwatch.page.metrics import Metrics
from starwatch.page.openapi import described
from starwatch.ports import JobStatus
from starwatch.status import DoorFigures


def application(
    status: JobStatus,
    *,
    posts: Mapping[str, ASGIApp] | None = None,
    door: Callable[[], DoorFigures] | None = None,
    routes: Iterable[Route] = (),
) -> ASGIApp:
    """All that a running job serves.

    Args:
        status: The job.
        posts: By path, what takes ratings there.
        door: The figures of those, for metrics.
        routes: More of them, such as those of a page.
    """
    posts = posts or {}
    description = described(sorted(posts))

    async def openapi(_: Request) -> Response:
        return JSONResponse(description)

    health = Health(status)
    return Starlette(
        routes=[
            *(Route(path, app) for path, app in posts.items()),
            Route("/healthz", health.alive),
            Route("/readyz", health.ready),
            Route("/metrics", Metrics(status, door).answer),
            Route("/openapi.json", openapi),
            *routes,
        ],
        exception_handlers={HTTPException: _refused},
    )


async def _refused(_: Request, error: Exception) -> Response:
    if not isinstance(error, HTTPException):
        raise error
    return JSONResponse(
        {"error": error.detail.lower()}, status_code=error.status_code, headers=error.headers
    )
