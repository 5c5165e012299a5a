"""Answers requests of the API: strictly read, shared, with entity tags, packed."""

import logging
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from typing import Any

import msgspec
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

import starwatch
from starwatch.errors import StarwatchError, UsageError
from starwatch.page.answering import Body, answered, weak_tag
from starwatch.page.api.answers import Answers, Unknown
from starwatch.page.api.endpoints import ENDPOINTS, PREFIX, Endpoint
from starwatch.page.api.parameters import BadRequest, values_of
from starwatch.page.api.series import SERIES, csv_of
from starwatch.page.sharing import Shared

_LOG = logging.getLogger(__name__)
_ENCODER = msgspec.json.Encoder()


@dataclass(frozen=True, slots=True)
class Made:
    """An answer that is kept while it holds.

    Attributes:
        seq: The number of what is committed that it is as of.
        body: It.
    """

    seq: int
    body: Body


class Api:
    """Answers all endpoints.

    Args:
        answers: Where answers come from.
        pool: Threads that work on them.
    """

    def __init__(self, answers: Answers, pool: ThreadPoolExecutor) -> None:
        self._answers = answers
        self._kept: Shared[Made] = Shared(
            pool, lambda made: made.seq == answers.views.seq, size=lambda made: made.body.size
        )

    def routes(self) -> list[Route]:
        """Where it answers."""
        return [
            *(Route(each.path, partial(self._get, each)) for each in ENDPOINTS),
            Route(f"{PREFIX}/series.csv", self._csv),
        ]

    def _tag(self, seq: int) -> str:
        """The entity tag of all that is as of a number."""
        identity = self._answers.views.about().identity[:8]
        return weak_tag(f"{identity}-{seq}-{starwatch.__version__}")

    async def _get(self, endpoint: Endpoint, request: Request) -> Response:
        try:
            given = values_of(request.scope["query_string"], endpoint.parameters)
            key = endpoint.name + "?" + request.url.query
            made = await self._kept.get(key, partial(self._make, endpoint, given))
        except Exception as error:  # noqa: BLE001 - each becomes an answer, or is raised again
            return refusal(error)
        headers = [("Cache-Control", "no-cache"), ("ETag", self._tag(made.seq))]
        if not endpoint.lasting:
            headers = [("Cache-Control", "no-store")]
        return answered(request, made.body, "application/json", headers)

    def _make(self, endpoint: Endpoint, given: Mapping[str, Any]) -> Made:
        values = endpoint.answer(self._answers, given)
        # What changes with the clock counts as outdated at once.
        seq = values["seq"] if endpoint.lasting else -1
        return Made(seq, Body.of(_ENCODER.encode(values)))

    async def _csv(self, request: Request) -> Response:
        try:
            given = values_of(request.scope["query_string"], SERIES)
            key = "series.csv?" + request.url.query
            made = await self._kept.get(key, partial(self._make_csv, given))
        except Exception as error:  # noqa: BLE001 - as above
            return refusal(error)
        headers = [
            ("Cache-Control", "no-cache"),
            ("ETag", self._tag(made.seq)),
            ("Content-Disposition", 'attachment; filename="series.csv"'),
        ]
        return answered(request, made.body, "text/csv; charset=utf-8", headers)

    def _make_csv(self, given: Mapping[str, Any]) -> Made:
        values = self._answers.series(given)
        return Made(values["seq"], Body.of(csv_of(values, self._answers.scale)))


def refusal(error: Exception) -> Response:
    """An error as an answer; one that is a fault of ours is raised again."""
    status, message = refused(error)
    return JSONResponse(
        {"error": message}, status_code=status, headers={"Cache-Control": "no-store"}
    )


def refused(error: Exception) -> tuple[int, str]:
    """The HTTP status and the one line that an error is told by."""
    if isinstance(error, BadRequest):
        return 400, error.message
    if isinstance(error, UsageError):
        return 400, str(error)
    if isinstance(error, Unknown):
        return 404, str(error)
    if isinstance(error, StarwatchError):
        _LOG.error("the page cannot show the state: %s", error)
        return 503, "the state cannot be read now; the log says why"
    raise error
