"""Answers with an entity tag, and gzip where it pays."""

import gzip
from collections.abc import Iterable
from dataclasses import dataclass

from starlette.requests import Request
from starlette.responses import Response

_GZIP_FROM = 1024
_LEVEL = 5
"""Half the time of level 9, for 2 % more bytes."""


@dataclass(frozen=True, slots=True)
class Body:
    """What is answered, as bytes, and packed where it pays.

    Attributes:
        plain: The bytes.
        packed: The same as gzip; None where there is little of them.
    """

    plain: bytes
    packed: bytes | None

    @classmethod
    def of(cls, plain: bytes, level: int = _LEVEL) -> "Body":
        """Pack what is worth it."""
        worth = len(plain) >= _GZIP_FROM
        return cls(plain, gzip.compress(plain, level, mtime=0) if worth else None)

    @property
    def size(self) -> int:
        """How many bytes it holds in memory."""
        return len(self.plain) + len(self.packed or b"")


def answered(
    request: Request, body: Body, media_type: str, headers: Iterable[tuple[str, str]] = ()
) -> Response:
    """The response, packed for who takes that."""
    named = dict(headers)
    if body.packed is not None:
        named["Vary"] = "Accept-Encoding"
    if body.packed is not None and takes_gzip(request.headers.get("accept-encoding", "")):
        named["Content-Encoding"] = "gzip"
        return Response(body.packed, media_type=media_type, headers=named)
    return Response(body.plain, media_type=media_type, headers=named)


def unchanged(request: Request, tag: str) -> Response | None:
    """304 for who holds what has this tag."""
    held = request.headers.get("if-none-match", "")
    if tag in (each.strip().removeprefix("W/") for each in held.split(",")):
        return Response(status_code=304, headers={"ETag": tag, "Cache-Control": "no-cache"})
    return None


def takes_gzip(accepted: str) -> bool:
    """Whether an `Accept-Encoding` names gzip and does not refuse it.

    >>> [takes_gzip(text) for text in ("gzip, br", "br;q=1, gzip;q=0.5", "gzip;q=0", "br", "*")]
    [True, True, False, False, True]
    """
    for each in accepted.split(","):
        coding, _, rest = each.strip().partition(";")
        if coding.strip().lower() in {"gzip", "*"}:
            quality = rest.strip().removeprefix("q=")
            return not (quality and set(quality) <= set("0."))
    return False
