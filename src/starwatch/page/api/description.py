"""The API in OpenAPI: parameters as they are read, and what answers look like."""

from typing import Any

from starwatch.page.api.endpoints import ENDPOINTS, PREFIX
from starwatch.page.api.series import SERIES
from starwatch.page.stream.watches import STREAM

_WHOLE = {"type": "integer"}
_MAYBE = {"type": ["integer", "null"]}
_NUMBER = {"type": ["number", "null"]}
_TEXT = {"type": "string"}


def _list(of: dict[str, Any]) -> dict[str, Any]:
    return {"type": "array", "items": of}


def _object(**properties: dict[str, Any]) -> dict[str, Any]:
    return {"type": "object", "required": list(properties), "properties": properties}


_STARS = _list(_WHOLE)
_WINDOW = {
    "type": ["object", "null"],
    "required": ["label", "size_ms", "slide_ms", "offset_ms"],
    "properties": {"label": _TEXT, "size_ms": _WHOLE, "slide_ms": _WHOLE, "offset_ms": _WHOLE},
}
_HISTOGRAM = _object(stars=_STARS, count=_WHOLE, mean=_NUMBER)
_BOOKS = _object(
    received=_WHOLE,
    counted=_WHOLE,
    duplicate=_WHOLE,
    late=_WHOLE,
    rejected=_WHOLE,
    pending=_WHOLE,
    balanced={"type": "boolean"},
    sentence=_TEXT,
)
_ROWS = _object(
    id=_list(_TEXT),
    name=_list(_TEXT),
    category=_list(_TEXT),
    count=_list(_WHOLE),
    stars=_list(_STARS),
    mean=_list(_NUMBER),
    change=_list(_NUMBER),
    provisional=_object(count=_list(_WHOLE), stars=_list(_STARS)),
    trend=_list(_list(_NUMBER)),
    all_count=_list(_WHOLE),
    all_stars=_list(_STARS),
    all_mean=_list(_NUMBER),
    score=_list(_NUMBER),
    score_low=_list(_NUMBER),
    score_high=_list(_NUMBER),
    rank=_list(_MAYBE),
    first_ms=_list(_MAYBE),
    last_ms=_list(_MAYBE),
)
_SERIES = _object(
    seq=_WHOLE,
    id=_TEXT,
    window=_WINDOW,
    values={"enum": ["complete", "emitted"]},
    tier_ms=_WHOLE,
    step_ms=_WHOLE,
    from_ms=_WHOLE,
    to_ms=_WHOLE,
    since_ms=_MAYBE,
    points=_object(
        end_ms=_list(_WHOLE),
        count=_list(_WHOLE),
        stars=_list(_STARS),
        mean=_list(_NUMBER),
        low=_list(_NUMBER),
        high=_list(_NUMBER),
        corrected=_list({"type": "boolean"}),
    ),
    provisional={"oneOf": [{"type": "null"}, _HISTOGRAM]},
    all=_HISTOGRAM,
)
_ANYTHING = {"type": "object"}

_ANSWERS: dict[str, dict[str, Any]] = {
    "status": _object(
        seq=_WHOLE,
        version=_TEXT,
        identity=_TEXT,
        running={"type": "boolean"},
        live={"type": "boolean"},
        now_ms=_WHOLE,
        watermark_ms=_MAYBE,
        data_age_ms=_MAYBE,
        windows=_list(_WINDOW),
        products=_WHOLE,
        active=_WHOLE,
        rate={"type": ["number", "null"]},
        books=_BOOKS,
        reasons={"type": "object", "additionalProperties": _WHOLE},
        troubles=_list(_TEXT),
        sources=_list(_ANYTHING),
        sinks=_list(_ANYTHING),
    ),
    "products": _object(
        seq=_WHOLE,
        window=_WINDOW,
        end_ms=_MAYBE,
        open_end_ms=_MAYBE,
        watermark_ms=_MAYBE,
        total=_WHOLE,
        offset=_WHOLE,
        rows=_ROWS,
    ),
    "overview": _object(
        seq=_WHOLE,
        window=_WINDOW,
        end_ms=_MAYBE,
        distribution=_object(low=_list(_NUMBER), high=_list(_NUMBER), count=_list(_WHOLE)),
        categories=_list(_HISTOGRAM),
        alarms=_list(_ANYTHING),
    ),
    "product": _object(
        seq=_WHOLE, id=_TEXT, known={"type": "boolean"}, all_count=_WHOLE, now=_list(_HISTOGRAM)
    ),
    "series": _SERIES,
    "stars": _HISTOGRAM,
    "compare": _object(seq=_WHOLE, series=_list(_SERIES)),
    "rejects": _object(seq=_WHOLE, total=_WHOLE, rows=_list(_ANYTHING)),
    "late": _object(seq=_WHOLE, total=_WHOLE, rows=_list(_ANYTHING)),
    "ledger": _object(seq=_WHOLE, books=_BOOKS, sources=_list(_ANYTHING)),
    "sources": _object(seq=_WHOLE, sources=_list(_ANYTHING)),
    "sinks": _object(seq=_WHOLE, sinks=_list(_ANYTHING)),
}


def api_paths() -> dict[str, Any]:
    """The paths of the API."""
    paths = {
        each.path: _get(
            each.name,
            each.summary,
            [parameter.described() for parameter in each.parameters],
            {"application/json": {"schema": _ANSWERS[each.name]}},
            lasting=each.lasting,
        )
        for each in ENDPOINTS
    }
    paths[f"{PREFIX}/series.csv"] = _get(
        "series.csv",
        "The same as CSV.",
        [parameter.described() for parameter in SERIES],
        {"text/csv": {"schema": _TEXT}},
    )
    return paths


def stream_path() -> dict[str, Any]:
    """The path of the stream, whose answer has no end."""
    return {
        f"{PREFIX}/stream": _get(
            "stream",
            "What a view shows, as server-sent events; which parameters there are depends on it.",
            [parameter.described() for parameter in STREAM],
            {"text/event-stream": {"schema": _TEXT}},
            lasting=False,
        )
    }


def _get(
    name: str,
    summary: str,
    parameters: list[dict[str, Any]],
    content: dict[str, Any],
    *,
    lasting: bool = True,
) -> dict[str, Any]:
    error = {"application/json": {"schema": {"$ref": "#/components/schemas/Error"}}}
    responses: dict[str, Any] = {
        "200": {"description": "The answer.", "content": content},
        "400": {"description": "What was asked for cannot be.", "content": error},
        "401": {"description": "No token, or another one.", "content": error},
        "503": {"description": "The state cannot be read now.", "content": error},
    }
    if lasting:
        responses["304"] = {"description": "As it was when `If-None-Match` was told."}
    if any(each["name"] == "id" for each in parameters):
        responses["404"] = {"description": "The product is unknown.", "content": error}
    return {
        "get": {
            "operationId": "get" + name.title().replace(".", ""),
            "summary": summary,
            "parameters": parameters,
            "responses": responses,
        }
    }
