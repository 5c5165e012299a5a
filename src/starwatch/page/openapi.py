"""The OpenAPI description of all that is served (OpenAPI 3.1)."""

from collections.abc import Sequence
from typing import Any

import starwatch
from starwatch.page.api.description import api_paths, stream_path

_ERROR = {
    "type": "object",
    "required": ["error"],
    "properties": {"error": {"type": "string", "description": "What is wrong, in one line."}},
}
_ID = "At most 512 bytes of UTF-8."


def _rating(*nothing: str) -> dict[str, Any]:
    """A rating; `nothing` is the type of a field that is left empty, where there is one."""
    text = {"type": ["string", "integer", *nothing], "description": _ID}
    return {
        "type": "object",
        "description": (
            "Other usual names of the fields are taken as well. An event time may stand in "
            "`timestamp`: seconds, milliseconds or microseconds since 1970, or ISO 8601."
        ),
        "required": ["productID", "rating"],
        "properties": {
            "productID": {"type": ["string", "integer"], "minLength": 1, "description": _ID},
            "reviewerID": text,
            "rating": {
                "description": "On the scale of the job, by default 1 to 5; a number or its text.",
                "anyOf": [
                    {"type": "integer", "minimum": 1, "maximum": 5},
                    {"type": "string", "pattern": "^[1-5]$"},
                ],
            },
            "id": text,
        },
        "example": {"reviewerID": "A1", "productID": "0000143502", "rating": 5},
    }


_ANSWER = {
    "type": "object",
    "required": ["received", "counted", "duplicate", "late", "rejected", "rejects"],
    "properties": {
        **{
            name: {"type": "integer", "minimum": 0}
            for name in ("received", "counted", "duplicate", "late", "rejected")
        },
        "rejects": {
            "type": "array",
            "description": "The first 100.",
            "items": {
                "type": "object",
                "required": ["line", "reason"],
                "properties": {
                    "line": {
                        "type": "integer",
                        "minimum": 1,
                        "description": "Line or element of the body, from 1.",
                    },
                    "reason": {"type": "string"},
                },
            },
        },
    },
}
_READY = {
    "type": "object",
    "required": ["status"],
    "properties": {
        "status": {"enum": ["ready", "not ready"]},
        "why": {"type": "array", "items": {"type": "string"}},
        "sources": {"type": "object", "additionalProperties": {"type": "string"}},
        "sinks": {"type": "object", "additionalProperties": {"type": "string"}},
    },
}
_REFUSALS = {
    "401": "No token, or another one.",
    "403": "From a page of another site, or under a foreign name without a token.",
    "405": "Another method than POST.",
    "408": "The body took too long to arrive.",
    "413": "The body is too large, or holds too many ratings.",
    "415": "A content type or encoding that is not known.",
    "422": "Another body was posted with this Idempotency-Key.",
    "429": "Too many ratings wait to be committed: Retry-After says when to post again.",
    "500": "A fault of Starwatch.",
    "503": "The service stops, or could not commit in time.",
}

TITLE = "Starwatch"
"""What the description is of: whoever asks knows by it that this is a service of ours."""


def described(paths: Sequence[str], *, job: bool = True, page: bool = False) -> dict[str, Any]:
    """The description.

    Args:
        paths: Where ratings are posted to.
        job: Whether a job runs, which has metrics.
        page: Whether there is the API of the page.
    """
    watching = {path: what for path, what in _WATCHING.items() if job or path != "/metrics"}
    api = api_paths() | stream_path() if page else {}
    return {
        "openapi": "3.1.0",
        "info": {
            "title": TITLE,
            "version": starwatch.__version__,
            "summary": "Ratings in; windows, health and metrics out.",
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "servers": [{"url": "/"}],
        "security": [{}, {"token": []}],
        "paths": {path: {"post": _post(path)} for path in paths} | watching | api,
        "components": {
            "securitySchemes": {"token": {"type": "http", "scheme": "bearer"}},
            "schemas": {
                "Rating": _rating("null"),
                "Form": _rating(),
                "Answer": _ANSWER,
                "Error": _ERROR,
                "Ready": _READY,
            },
        },
    }


def _ref(name: str) -> dict[str, Any]:
    return {"$ref": f"#/components/schemas/{name}"}


def _json(schema: dict[str, Any], description: str) -> dict[str, Any]:
    return {"description": description, "content": {"application/json": {"schema": schema}}}


def _post(path: str) -> dict[str, Any]:
    rating = _ref("Rating")
    refusals = {status: _json(_ref("Error"), why) for status, why in _REFUSALS.items()}
    either = {"oneOf": [_ref("Answer"), _ref("Error")]}
    return {
        "operationId": "post" + "".join(part.title() for part in path.split("/")),
        "summary": "Post ratings; the answer comes when they are committed.",
        "parameters": [
            {
                "name": "Idempotency-Key",
                "in": "header",
                "description": "The same body with the same key counts once.",
                "schema": {
                    "type": "string",
                    "minLength": 1,
                    "maxLength": 255,
                    "pattern": "^[ -~]+$",
                },
            }
        ],
        "requestBody": {
            "required": True,
            "content": {
                "application/json": {
                    "schema": {"oneOf": [rating, {"type": "array", "minItems": 1, "items": rating}]}
                },
                "application/x-ndjson": {"schema": {"type": "string"}},
                "application/x-www-form-urlencoded": {"schema": _ref("Form")},
            },
        },
        "responses": {
            "200": _json(_ref("Answer"), "Committed; some may have been rejected."),
            "400": _json(either, "Nothing could be read, or all of it was rejected."),
            **refusals,
        },
    }


_WATCHING = {
    "/healthz": {
        "get": {
            "operationId": "healthz",
            "summary": "The process answers.",
            "security": [{}],
            "responses": {"200": _json({"type": "object"}, "It does.")},
        }
    },
    "/readyz": {
        "get": {
            "operationId": "readyz",
            "summary": "Whether every part is well.",
            "security": [{}, {"token": []}],
            "responses": {
                "200": _json(_ref("Ready"), "All is well."),
                "503": _json(_ref("Ready"), "Something is not; `why` says what."),
            },
        }
    },
    "/metrics": {
        "get": {
            "operationId": "metrics",
            "summary": "Metrics in the formats of Prometheus.",
            "responses": {
                "200": {
                    "description": "All metrics.",
                    "content": {
                        "text/plain": {"schema": {"type": "string"}},
                        "application/openmetrics-text": {"schema": {"type": "string"}},
                    },
                },
                "401": _json(_ref("Error"), "No token, or another one."),
            },
        }
    },
    "/openapi.json": {
        "get": {
            "operationId": "openapi",
            "summary": "This description.",
            "security": [{}],
            "responses": {"200": _json({"type": "object"}, "It.")},
        }
    },
}
