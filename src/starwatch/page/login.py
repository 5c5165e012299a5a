"""Logging in where a token is required: a page cannot send headers, but it has a cookie.

The cookie holds when it ends and an HMAC of that by the token, so nobody makes one who does not
know the token, and nobody learns the token from one. Another token ends all of them.
"""

import asyncio
import hashlib
import hmac
import time
from collections.abc import Callable
from urllib.parse import parse_qsl

from starlette.datastructures import MutableHeaders
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route
from starlette.types import Scope

COOKIE = "starwatch"
_DAYS = 30
_MOST_BYTES = 4096
_WRONG_SECONDS = 0.5
"""An answer to a wrong token takes so long; four at a time are answered."""


class Cookies:
    """Makes and knows cookies of one token.

    Args:
        token: The token; not empty.
        now: Seconds since the epoch.
    """

    def __init__(self, token: str, now: Callable[[], float] = time.time) -> None:
        self._key = hashlib.sha256(b"starwatch page cookie\0" + token.encode()).digest()
        self._token = token.encode()
        self._now = now

    def made(self) -> tuple[str, int]:
        """A new value, and for how many seconds it is good."""
        seconds = _DAYS * 86_400
        ends = str(int(self._now()) + seconds)
        return f"{ends}.{self._signature(ends)}", seconds

    def good(self, value: str) -> bool:
        """Whether a value is one of ours and has not ended."""
        ends, _, signature = value.partition(".")
        if not hmac.compare_digest(self._signature(ends).encode(), signature.encode()):
            return False
        return int(ends) > self._now()

    def is_token(self, text: str) -> bool:
        """Whether a text is the token."""
        return hmac.compare_digest(text.encode(), self._token)

    def _signature(self, ends: str) -> str:
        return hmac.new(self._key, ends.encode(), hashlib.sha256).hexdigest()


def cookie_of(scope: Scope) -> str:
    """The value of our cookie in a request; empty without one."""
    for name, value in scope["headers"]:
        if name == b"cookie":
            for each in value.decode("latin-1").split(";"):
                key, _, found = each.strip().partition("=")
                if key == COOKIE:
                    return str(found)
    return ""


class Login:
    """The page that asks for the token, and what it posts to.

    Args:
        cookies: Makes them.
        prefix: The path prefix.
        page: Renders the form, with what went wrong.
        paths: Pages that one may be sent to behind it.
    """

    def __init__(
        self,
        cookies: Cookies,
        prefix: str,
        page: Callable[[str, str], Response],
        paths: tuple[str, ...],
    ) -> None:
        self._cookies, self._prefix, self._page, self._paths = cookies, prefix, page, paths
        self._wrong = asyncio.Semaphore(4)

    def routes(self) -> list[Route]:
        """Where it answers."""
        return [
            Route("/login", self._ask, methods=["GET"]),
            Route("/login", self._login, methods=["POST"]),
            Route("/logout", self._logout, methods=["POST"]),
        ]

    async def _ask(self, request: Request) -> Response:
        return self._page("", self._next(request.query_params.get("next", "")))

    async def _login(self, request: Request) -> Response:
        fields = await _fields(request)
        if fields is None or not _from_here(request):
            return self._answer(400, "That could not be read. Try again.", "")
        target = self._next(fields.get("next", ""))
        if not self._cookies.is_token(fields.get("token", "").strip()):
            async with self._wrong:
                await asyncio.sleep(_WRONG_SECONDS)
            return self._answer(403, "That is not the token.", target)
        response = RedirectResponse(self._prefix + target, 303)
        value, seconds = self._cookies.made()
        self._set(request, response, value, seconds)
        return response

    async def _logout(self, request: Request) -> Response:
        response = RedirectResponse(f"{self._prefix}/login", 303)
        if _from_here(request):
            self._set(request, response, "", 0)
        return response

    def _answer(self, status: int, message: str, target: str) -> Response:
        response = self._page(message, target)
        response.status_code = status
        return response

    def _set(self, request: Request, response: Response, value: str, seconds: int) -> None:
        response.set_cookie(
            COOKIE,
            value,
            max_age=seconds,
            path=self._prefix or "/",
            httponly=True,
            samesite="strict",
            secure=request.url.scheme == "https",
        )
        MutableHeaders(raw=response.raw_headers)["Cache-Control"] = "no-store"

    def _next(self, target: str) -> str:
        """Where to go behind it: one of our pages, nowhere else."""
        path, _, query = target.partition("?")
        if path not in self._paths or not query.isprintable() or "\\" in query:
            return "/"
        return target


async def _fields(request: Request) -> dict[str, str] | None:
    """The fields of a small form; None where it is none."""
    body = b""
    async for part in request.stream():
        body += part
        if len(body) > _MOST_BYTES:
            return None
    try:
        return dict(parse_qsl(body.decode("ascii"), keep_blank_values=True, max_num_fields=5))
    except ValueError:
        return None


def _from_here(request: Request) -> bool:
    """Whether a form was posted by a page of ours, as far as the browser says."""
    site = request.headers.get("sec-fetch-site")
    if site is not None:  # every browser of today says it, whatever name a proxy has for us
        return site in {"same-origin", "none"}
    origin = request.headers.get("origin")
    return origin is None or origin.partition("://")[2] == request.headers.get("host", "")
