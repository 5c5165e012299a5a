"""`/healthz`: the process answers. `/readyz`: every part of the job is well, or what is not."""

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from starwatch.page.guarding import trusted
from starwatch.ports import JobStatus


async def alive(_: Request) -> Response:
    """200 as long as anything is answered at all."""
    return JSONResponse({"status": "alive"})


class Health:
    """Answers `/readyz` of a job.

    Args:
        status: The job.
    """

    def __init__(self, status: JobStatus) -> None:
        self._status = status

    async def ready(self, request: Request) -> Response:
        """200, or 503 and why not: a source or sink that is broken, unbalanced books, a stop.

        Who shows no token, where one is needed, is not told why.
        """
        figures = await run_in_threadpool(self._status.figures)
        troubles = figures.troubles
        body: dict[str, object] = {"status": "not ready" if troubles else "ready"}
        if trusted(request.scope):
            body |= {
                "why": troubles,
                "sources": {each.name: each.state for each in figures.sources},
                "sinks": {each.name: each.state for each in figures.sinks},
            }
        return JSONResponse(body, status_code=503 if troubles else 200)
