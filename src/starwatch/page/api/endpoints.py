"""The endpoints of the API: path, parameters, answer."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from starwatch.page.api.answers import Answers
from starwatch.page.api.kept import LATE, REJECTS
from starwatch.page.api.parameters import Parameter
from starwatch.page.api.products import ONE_ID, OVERVIEW, PRODUCTS
from starwatch.page.api.series import COMPARE, SERIES, STARS

PREFIX = "/api/v1"


@dataclass(frozen=True, slots=True)
class Endpoint:
    """One of them.

    Attributes:
        name: The last part of its path.
        summary: What it says.
        parameters: What may be asked.
        answer: The answer, from what gives answers and the values of the parameters.
        lasting: Whether the same number of what is committed has the same answer.
    """

    name: str
    summary: str
    parameters: Sequence[Parameter]
    answer: Callable[[Answers, Mapping[str, Any]], dict[str, Any]]
    lasting: bool = True

    @property
    def path(self) -> str:
        """Its path."""
        return f"{PREFIX}/{self.name}"


ENDPOINTS = (
    Endpoint("status", "The state, its books and its job.", (), Answers.status, lasting=False),
    Endpoint("products", "Products, sorted, filtered, a page of them.", PRODUCTS, Answers.products),
    Endpoint("overview", "All products at a glance.", OVERVIEW, Answers.overview),
    Endpoint("product", "One product and its newest windows.", (ONE_ID,), Answers.product),
    Endpoint("series", "Any windows of one product over a span.", SERIES, Answers.series),
    Endpoint("stars", "The star histogram of one product over a span.", STARS, Answers.stars),
    Endpoint("compare", "Windows of several products on one grid.", COMPARE, Answers.compare),
    Endpoint("rejects", "What was refused, the newest first.", REJECTS, Answers.rejects),
    Endpoint("late", "What came too late, the newest first.", LATE, Answers.late),
    Endpoint("ledger", "Both books, by source and by window.", (), Answers.ledger),
    Endpoint(
        "sources",
        "The sources of the job.",
        (),
        lambda answers, _: answers.part_of_status("sources"),
        lasting=False,
    ),
    Endpoint(
        "sinks",
        "The sinks of the job.",
        (),
        lambda answers, _: answers.part_of_status("sinks"),
        lasting=False,
    ),
)
