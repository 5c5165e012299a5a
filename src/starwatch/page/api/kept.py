"""What was not counted, as JSON: rejects as they came, and late ratings, the newest first."""

import base64
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from starwatch.journal.newest import newest_late, newest_rejects
from starwatch.page.api.parameters import Parameter, choice, integer
from starwatch.ratings.batch import NO_TIME
from starwatch.ratings.rejects import Reason
from starwatch.ratings.scale import Scale
from starwatch.views.values import About

_MOST = 500
_LARGEST = (1 << 53) - 1
_PAGE: tuple[Parameter, ...] = (
    integer("limit", "How many rows at most.", 1, _MOST, 100),
    integer("before", "Only rows with a smaller number: the next page.", 0, _LARGEST),
)
LATE: tuple[Parameter, ...] = _PAGE
REJECTS: tuple[Parameter, ...] = (
    *_PAGE,
    choice("reason", "Only those of one reason.", [str(reason) for reason in Reason]),
)


def rejects_values(database: Path, about: About, given: Mapping[str, Any]) -> dict[str, Any]:
    """Rejects as they came; `gone` counts those that are not kept any more."""
    found = newest_rejects(
        database, given["limit"], before=given["before"], reason=given.get("reason")
    )
    reasons, reason = about.books.reasons, given.get("reason")
    all_of_them = reasons.get(Reason(reason), 0) if reason else sum(reasons.values())
    return {
        "seq": about.seq,
        "total": all_of_them,
        "rows": [
            {
                "number": each.number,
                "source": _name(about, each.partition),
                "position": each.reject.position,
                "reason": str(each.reject.reason),
                **_text(each.reject.raw),
            }
            for each in found
        ],
    }


def late_values(
    database: Path, ratings: Path, about: About, given: Mapping[str, Any]
) -> dict[str, Any]:
    """Ratings whose windows were all gone."""
    total = about.books.late
    scale = about.job.scale if about.job else Scale()
    rows: list[dict[str, Any]] = []
    if total:
        found = newest_late(database, ratings, given["limit"], before=given["before"])
        batch = found.ratings
        ids = [""] * len(batch) if batch.rating_id is None else batch.rating_id.to_pylist()
        rows = [
            {
                "number": number,
                "source": _name(about, partition),
                "position": position,
                "id": product,
                "reviewer": reviewer,
                "stars": float(scale.values[stars]),
                "event_ms": None if event_ms == NO_TIME else event_ms,
                "arrival_ms": arrival_ms,
                "rating_id": rating_id or None,
            }
            for number, partition, position, product, reviewer, stars, event_ms, arrival_ms, rating_id in zip(  # noqa: E501
                found.numbers,
                batch.partition.tolist(),
                batch.position.tolist(),
                batch.product.to_pylist(),
                batch.reviewer.to_pylist(),
                batch.stars.tolist(),
                batch.event_ms.tolist(),
                batch.arrival_ms.tolist(),
                ids,
                strict=True,
            )
        ]
    return {"seq": about.seq, "total": total, "rows": rows}


def _name(about: About, partition: int) -> str:
    position = about.sources.get(partition)
    return position.name if position else ""


def _text(raw: bytes) -> dict[str, str | None]:
    """What came as text, or, where it is no UTF-8, in base64."""
    try:
        return {"text": raw.decode(), "base64": None}
    except UnicodeDecodeError:
        return {"text": None, "base64": base64.b64encode(raw).decode()}
