"""The pages as HTML: the first numbers stand in it, so that nobody waits for a script."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any
from urllib.parse import parse_qsl

from jinja2 import Environment, PackageLoader, StrictUndefined
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from starwatch.page.answering import Body, answered
from starwatch.page.api.answers import Answers
from starwatch.page.api.kept import LATE, REJECTS
from starwatch.page.api.parameters import Parameter, values_of
from starwatch.page.api.products import OVERVIEW, PRODUCTS
from starwatch.page.api.routes import refused
from starwatch.page.api.series import COMPARE, SERIES
from starwatch.page.phase import phase_of
from starwatch.page.sharing import Shared
from starwatch.page.static_files import StaticFiles
from starwatch.page.texts import FILTERS, mean_of
from starwatch.scores.interval import prepare

_HTML = "text/html; charset=utf-8"

First = dict[str, Any]
Given = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class View:
    """A page.

    Attributes:
        name: What it is called, as is its template.
        path: Where it is.
        parameters: What may be asked.
        first: Its first numbers, besides the status.
    """

    name: str
    path: str
    parameters: Sequence[Parameter]
    first: Callable[[Answers, Given], First]


@dataclass(frozen=True, slots=True)
class MadePage:
    """A page that is kept while it holds.

    Attributes:
        seq: The number of what is committed that it is as of.
        running: Whether it says that a process writes now.
        body: It.
    """

    seq: int
    running: bool
    body: Body


def _overview(answers: Answers, given: Given) -> First:
    return {"products": answers.products(given), "overview": answers.overview(given)}


def _product(answers: Answers, given: Given) -> First:
    return {"product": answers.product(given), "series": answers.series(given)}


def _compare(answers: Answers, given: Given) -> First:
    if not given["id"]:
        return {"compare": None, "names": {}}
    compared = answers.compare(given)
    ids = [series["id"] for series in compared["series"]]
    return {
        "compare": compared,
        "names": {id_: answers.product({"id": id_})["name"] for id_ in ids},
    }


def _pipeline(answers: Answers, given: Given) -> First:
    del answers, given
    return {}


def _rejects(answers: Answers, given: Given) -> First:
    return {"rejects": answers.rejects(given), "late": answers.late(given)}


def _optional(parameters: Sequence[Parameter]) -> tuple[Parameter, ...]:
    """The same, and none must be given."""
    return tuple(
        Parameter(each.name, each.about, each.schema, each.read, each.default, False, each.several)
        for each in parameters
    )


_OVERVIEW_PARAMETERS = tuple({each.name: each for each in (*PRODUCTS, *OVERVIEW)}.values())
VIEWS = (
    View("overview", "/", _OVERVIEW_PARAMETERS, _overview),
    View("product", "/product", SERIES, _product),
    View("compare", "/compare", _optional(COMPARE), _compare),
    View("pipeline", "/pipeline", (), _pipeline),
    View("rejects", "/rejects", tuple({p.name: p for p in (*REJECTS, *LATE)}.values()), _rejects),
)


class Pages:
    """Answers them.

    Args:
        answers: Where numbers come from.
        static: The files that pages need.
        kept: Pages that hold, and threads that make them.
        prefix: What stands before all paths, behind a proxy: empty, or as `/shop`.
    """

    def __init__(
        self, answers: Answers, static: StaticFiles, kept: Shared[MadePage], prefix: str
    ) -> None:
        self._answers, self._static, self._kept = answers, static, kept
        self._templates = Environment(
            loader=PackageLoader("starwatch.page"),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        self._templates.filters |= FILTERS
        self._templates.globals |= {
            "base": prefix + "/",
            "mean_of": mean_of,
            "static": lambda name: prefix + static.path(name),
        }

    def routes(self) -> list[Route]:
        """Where it answers."""
        return [Route(view.path, partial(self._page, view)) for view in VIEWS]

    def warm(self) -> None:
        """Make ready what the first page needs, so that nobody waits for that."""
        for view in VIEWS:
            self._templates.get_template(f"{view.name}.html")
        prepare()  # scores, also where there is no product yet
        self._make(VIEWS[0], values_of(b"", VIEWS[0].parameters), {}, token=False)

    def rendered(self, template: str, **context: Any) -> Response:
        """A page without numbers, such as the login page; never kept."""
        text = self._templates.get_template(template).render(context)
        return Response(text, media_type=_HTML, headers={"Cache-Control": "no-store"})

    def error(self, status: int, message: str, *, token: bool) -> Response:
        """A page that says what is wrong."""
        response = self.rendered(
            "error.html", view="error", code=status, message=message, token=token, query={}
        )
        response.status_code = status
        return response

    async def _page(self, view: View, request: Request) -> Response:
        token = logged_in(request)
        try:
            given = values_of(request.scope["query_string"], view.parameters)
            key = f"page {view.name} {token} {request.url.query}"
            query = dict(parse_qsl(request.url.query, keep_blank_values=True))
            make = partial(self._make, view, given, query, token=token)
            made = await self._kept.get(key, make)
        except Exception as error:  # noqa: BLE001 - it becomes a page, or is raised again
            return self.error(*refused(error), token=token)
        return answered(request, made.body, _HTML, (("Cache-Control", "no-store"),))

    def _make(self, view: View, given: Given, query: Mapping[str, str], *, token: bool) -> MadePage:
        status = self._answers.status({})
        first = {"view": view.name, "status": status} | view.first(self._answers, given)
        text = self._templates.get_template(f"{view.name}.html").render(
            first=first,
            status=status,
            phase=phase_of(status),
            view=view.name,
            query=query,
            token=token,
        )
        return MadePage(status["seq"], status["running"], Body.of(text.encode()))


def logged_in(request: Request) -> bool:
    """Whether somebody asks by a cookie, who may log out."""
    return bool(request.scope.get("starwatch.cookie", False))
