"""What a tab can watch: how it is looked at, told whole, and told by what changed."""

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from starwatch.page.api.answers import Answers
from starwatch.page.api.columns import histogram
from starwatch.page.api.parameters import Parameter, choice, flag, integer, values_of
from starwatch.page.api.products import ONE_ID, PRODUCTS
from starwatch.page.api.series import COMPARE, SERIES, points_values
from starwatch.page.stream.deltas import changed_keys, picked, points_delta, rows_delta
from starwatch.windows.spec import WindowSpec

Look = Mapping[str, Any]
"""What was seen at one moment; not to be written to, for tabs share it."""

_MOST_ROWS = 200
_REJECTS = 50
_LAG_MS = 30_000
"""A tail of a series reaches so much further back than it must, so that tabs can share it."""


@dataclass(frozen=True, slots=True)
class Place:
    """How far a tab is that comes back.

    Attributes:
        end_ms: The end of the newest window that it was told of.
        step_ms: The distance of its points.
    """

    end_ms: int
    step_ms: int


class Watch(Protocol):
    """One view of a tab."""

    @property
    def name(self) -> str:
        """Which view."""

    @property
    def in_part(self) -> bool:
        """Whether a look is less than the whole."""

    def whole(self, answers: Answers) -> Look:
        """All of it now, in a worker's thread."""

    def look(self, answers: Answers) -> Look:
        """As much of it as tells what changed since a moment ago, in a worker's thread."""

    def full(self, look: Look) -> dict[str, Any]:
        """Of a whole look, what a tab is told."""

    def delta(self, before: Look, after: Look) -> dict[str, Any] | None:
        """What changed between two looks; None where it cannot be told without the whole."""

    def place(self, look: Look) -> Place | None:
        """How far a tab is that was told this."""

    def resumed(self, answers: Answers, place: Place) -> tuple[Look, dict[str, Any]] | None:
        """A look, and what a tab that is so far lacks; None where it must be told the whole."""


@dataclass(frozen=True, slots=True)
class _Plain(ABC):
    """A view of which nothing is left out when a tab comes back."""

    given: Mapping[str, Any]

    @property
    def in_part(self) -> bool:
        return False

    def look(self, answers: Answers) -> Look:
        """The same as the whole."""
        return self.whole(answers)

    @abstractmethod
    def whole(self, answers: Answers) -> Look:
        """All that is shown."""

    def full(self, look: Look) -> dict[str, Any]:
        return dict(look)

    def place(self, look: Look) -> Place | None:
        del look
        return None

    def resumed(self, answers: Answers, place: Place) -> tuple[Look, dict[str, Any]] | None:
        del answers, place
        return None


class WatchProducts(_Plain):
    """The rows of the table that are on the screen, and, if wanted, the overview."""

    name = "products"

    def whole(self, answers: Answers) -> Look:
        """A page of products."""
        look = {"view": answers.products(self.given)}
        if self.given["overview"]:
            look["overview"] = answers.overview(self.given)
        return look

    def delta(self, before: Look, after: Look) -> dict[str, Any] | None:
        """The cells that changed."""
        rows = rows_delta(before["view"]["rows"], after["view"]["rows"])
        if rows is None:
            return None
        told = changed_keys(_unnumbered(before["view"]), _unnumbered(after["view"]))
        told.pop("rows", None)
        if rows:
            told["rows"] = rows
        if self.given["overview"] and _differ(before["overview"], after["overview"]):
            told["overview"] = after["overview"]
        return told


class WatchPipeline(_Plain):
    """The way of the data, in numbers."""

    name = "pipeline"

    def whole(self, answers: Answers) -> Look:
        """The status."""
        return {"view": answers.status(self.given)}

    def delta(self, before: Look, after: Look) -> dict[str, Any] | None:
        """The parts of it that changed."""
        changed = changed_keys(before["view"], after["view"], apart=("now_ms", "data_age_ms"))
        return {"view": changed} if changed else {}


class WatchRejects(_Plain):
    """The newest rejects and late ratings."""

    name = "rejects"

    def whole(self, answers: Answers) -> Look:
        """The first page of both."""
        page = {"limit": _REJECTS, "before": None}
        return {"view": answers.rejects(page) | {"late": answers.late(page)}}

    def delta(self, before: Look, after: Look) -> dict[str, Any] | None:
        """All of it, where there are new ones."""
        view = after["view"]
        same = (before["view"]["total"], before["view"]["late"]["total"]) == (
            view["total"],
            view["late"]["total"],
        )
        return {} if same else {"view": view}


@dataclass(frozen=True, slots=True)
class WatchSeries:
    """Windows of one product or of several over time.

    Attributes:
        given: The values of the parameters; `from_ms` is set.
        name: `product` or `compare`.
        ids: The products.
    """

    given: Mapping[str, Any]
    name: str
    ids: Sequence[str]

    @property
    def in_part(self) -> bool:
        """A look is at the last points alone."""
        return True

    def whole(self, answers: Answers) -> Look:
        """All points."""
        found = answers.compare(dict(self.given) | {"id": list(self.ids)})
        view = {"series": found["series"], "product": self._product(answers)}
        return {
            "view": view,
            "after_ms": None,
            "backfills": self._backfills(answers),
            "late": self._late(answers),
        }

    def look(self, answers: Answers) -> Look:
        """The last points."""
        about = answers.views.about()
        newest = about.watermark_ms if about.watermark_ms is not None else about.last_ms or 0
        if self.given["to_ms"] is not None:
            newest = min(newest, self.given["to_ms"])
        lag_ms = _LAG_MS + self._window.slide_ms
        return self._tail(answers, newest - self._reach(answers) - lag_ms)

    def full(self, look: Look) -> dict[str, Any]:
        """Series with all their points."""
        return {"view": look["view"]}

    def delta(self, before: Look, after: Look) -> dict[str, Any] | None:
        """Points that are new or changed."""
        told: dict[str, Any] = {}
        if (before["backfills"], before["late"]) != (after["backfills"], after["late"]):
            return None
        for was, now in zip(before["view"]["series"], after["view"]["series"], strict=True):
            from_ms = was["to_ms"] - after["reach_ms"]
            late = after["after_ms"] is not None and after["after_ms"] >= from_ms
            if late or was["step_ms"] != now["step_ms"] or was["since_ms"] != now["since_ms"]:
                return None
            _tell(told, was, now, points_delta(was["points"], now["points"], from_ms))
        if before["view"]["product"] != after["view"]["product"]:
            told["product"] = after["view"]["product"]
        return told

    def place(self, look: Look) -> Place | None:
        """The newest window of all series."""
        series = look["view"]["series"]
        return Place(min(each["to_ms"] for each in series), series[0]["step_ms"])

    def resumed(self, answers: Answers, place: Place) -> tuple[Look, dict[str, Any]] | None:
        """The points from where the tab is, and from where they may have changed."""
        look = self._tail(answers, place.end_ms - self._reach(answers))
        told: dict[str, Any] = {"product": look["view"]["product"]}
        for now in look["view"]["series"]:
            if now["step_ms"] != place.step_ms:
                return None
            points = now["points"]
            _tell(told, {}, now, picked(points, list(range(len(points["end_ms"])))))
        return look, told

    def _tail(self, answers: Answers, after_ms: int) -> Look:
        series = []
        for each in self.ids:
            found = answers.tail(each, self.given, after_ms)
            now = found.open
            series.append(
                {
                    "id": each,
                    "step_ms": found.step_ms,
                    "since_ms": found.since_ms,
                    "to_ms": found.to_ms,
                    "points": points_values(found),
                    "provisional": now
                    and {"end_ms": now.end_ms} | histogram(now.stars.stars, now.stars.mean),
                    "all": histogram(found.all.stars, found.all.mean),
                }
            )
        view = {"series": series, "product": self._product(answers)}
        return {
            "view": view,
            "after_ms": after_ms,
            "reach_ms": self._reach(answers),
            "backfills": self._backfills(answers),
            "late": self._late(answers),
        }

    def _late(self, answers: Answers) -> int:
        """What came too late, where that counts; it may change windows of any time."""
        return answers.came_late() if self.given["values"] == "complete" else 0

    @staticmethod
    def _backfills(answers: Answers) -> int:
        """How many files were backfilled: each changes windows of long ago."""
        return len(answers.views.about().backfills)

    def _reach(self, answers: Answers) -> int:
        """How far behind the newest window a rating can still change one."""
        job = answers.views.about().job
        return self._window.size_ms + (job.lateness_ms if job else 0)

    @property
    def _window(self) -> WindowSpec:
        window: WindowSpec = self.given["window"]
        return window

    def _product(self, answers: Answers) -> dict[str, Any] | None:
        if self.name != "product":
            return None
        product = answers.product({"id": self.ids[0]})
        del product["seq"]
        return product


def _tell(told: dict[str, Any], was: Look, now: Look, points: Mapping[str, Any]) -> None:
    if points:
        told.setdefault("points", {})[now["id"]] = points
    for name in ("provisional", "all"):
        if was.get(name, was) != now[name]:
            told.setdefault(name, {})[now["id"]] = now[name]


def _unnumbered(view: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in view.items() if key not in {"seq", "rows"}}


def _differ(before: Mapping[str, Any], after: Mapping[str, Any]) -> bool:
    return _unnumbered(before) != _unnumbered(after)


_VIEW = choice(
    "view", "What to watch.", ["products", "product", "compare", "pipeline", "rejects"], "products"
)
_OVERVIEW = flag("overview", "Whether the overview comes with the products.")
_PARAMETERS: Mapping[str, Sequence[Parameter]] = {
    "products": (
        *(each for each in PRODUCTS if each.name != "limit"),
        integer("limit", "How many rows at most.", 1, _MOST_ROWS, 60),
        _OVERVIEW,
    ),
    "product": SERIES,
    "compare": COMPARE,
    "pipeline": (),
    "rejects": (),
}
STREAM: Sequence[Parameter] = tuple(
    {
        each.name: each
        for parameters in _PARAMETERS.values()
        for each in (_VIEW, *parameters)
        if each is not ONE_ID
    }.values()
)
"""All parameters that one view or another has, for the description."""


def watch_of(query: bytes, answers: Answers) -> Watch:
    """What a query string asks to watch.

    Raises:
        BadRequest: it cannot be.
        Unknown: one of the products is not known.
    """
    view = _view_of(query)
    given = values_of(query, (_VIEW, *_PARAMETERS[view]))
    if view == "products":
        return WatchProducts(given)
    if view in {"product", "compare"}:
        ids = given["id"] if view == "compare" else [given["id"]]
        return WatchSeries(given | answers.span(given), view, list(dict.fromkeys(ids)))
    return WatchPipeline(given) if view == "pipeline" else WatchRejects(given)


def _view_of(query: bytes) -> str:
    """Which view, whatever else is asked."""
    found = [part[5:] for part in query.split(b"&") if part.startswith(b"view=")]
    return str(values_of(b"&".join(b"view=" + each for each in found), [_VIEW])["view"])
