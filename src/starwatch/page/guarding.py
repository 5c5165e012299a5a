"""Who may ask: nobody without the token, where there is one."""

import hmac
from collections.abc import Collection
from ipaddress import ip_address
from urllib.parse import quote

from starlette.responses import JSONResponse, RedirectResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from starwatch.errors import BadSetting
from starwatch.page.login import Cookies, cookie_of

OPEN = {"/healthz", "/readyz", "/openapi.json", "/login"}
"""What needs no token: probes cannot show one, and the description holds nothing of the job."""

_STATIC = "/static/"
"""Nor does anything below it: the page that asks for the token looks like the others."""

_TRUSTED = "starwatch.trusted"
_BY_COOKIE = "starwatch.cookie"


class Guard:
    """Lets requests through that show the token in `Authorization: Bearer`, or a login cookie.

    A browser sends a cookie by itself, so it is good only for reading, and for logging out.

    Without a token only this machine can ask, but so can a page of any site that a browser on it
    shows, by a name of its own that leads here (DNS rebinding). Such a request names that host.

    Args:
        app: What they ask.
        token: Empty where everybody may ask.
        pages: Paths of pages: who may not see one is sent to the login page.
        prefix: What stands before all paths in a browser.
    """

    def __init__(
        self, app: ASGIApp, token: str, *, pages: Collection[str] = (), prefix: str = ""
    ) -> None:
        self._app = app
        self._token = token.encode()
        self._cookies = Cookies(token)
        self._pages, self._prefix = pages, prefix

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass one request on, or refuse it."""
        if not self._token and not _names_loopback(scope):
            refusal = JSONResponse(
                {"error": "without a token this is 127.0.0.1 and localhost, under no other name"},
                status_code=403,
                headers={"Connection": "close"},
            )
            await refusal(scope, receive, send)
            return
        shown = not self._token or self._shown(scope)
        scope[_BY_COOKIE] = not shown and self._has_cookie(scope)
        scope[_TRUSTED] = shown or scope[_BY_COOKIE]
        path = scope["path"]
        if scope[_TRUSTED] or path in OPEN or (self._pages and path.startswith(_STATIC)):
            await self._app(scope, receive, send)
            return
        if path in self._pages and scope["method"] in {"GET", "HEAD"}:
            await self._to_login(scope)(scope, receive, send)
            return
        refusal = JSONResponse(
            {"error": "a token is needed: Authorization: Bearer TOKEN"},
            status_code=401,
            headers={"WWW-Authenticate": "Bearer", "Connection": "close"},
        )
        await refusal(scope, receive, send)

    def _to_login(self, scope: Scope) -> RedirectResponse:
        query = scope["query_string"].decode("latin-1")
        wanted = quote(f"{scope['path']}?{query}" if query else scope["path"], safe="")
        where = f"{self._prefix}/login" + (f"?next={wanted}" if wanted != "%2F" else "")
        return RedirectResponse(where, 303, headers={"Cache-Control": "no-store"})

    def _has_cookie(self, scope: Scope) -> bool:
        reading = scope["method"] in {"GET", "HEAD"} or scope["path"] == "/logout"
        return bool(self._pages) and reading and self._cookies.good(cookie_of(scope))

    def _shown(self, scope: Scope) -> bool:
        for name, value in scope["headers"]:
            if name == b"authorization":
                kind, _, token = value.partition(b" ")
                return kind.lower() == b"bearer" and hmac.compare_digest(token.strip(), self._token)
        return False


def _names_loopback(scope: Scope) -> bool:
    """Whether the host that a request names is this machine; none is named by no browser."""
    for name, value in scope["headers"]:
        if name == b"host":
            host = value.decode("latin-1").strip()
            return is_loopback(host.rpartition("]")[0].removeprefix("[") or host.partition(":")[0])
    return True


def trusted(scope: Scope) -> bool:
    """Whether a request showed the token, or none is needed."""
    return bool(scope.get(_TRUSTED, False))


def require_token(host: str, token: str) -> None:
    """See to it that nobody listens beyond this machine without a token.

    Raises:
        BadSetting: the address is not of loopback, and there is no token.
    """
    if not token and not is_loopback(host):
        raise BadSetting(
            f"listening on {host} lets others in, and there is no token",
            hint="Set a token (http.token, or STARWATCH_HTTP__TOKEN), or listen on 127.0.0.1",
        )


def is_loopback(host: str) -> bool:
    """Whether an address is reached from this machine alone.

    >>> [is_loopback(host) for host in ("127.0.0.1", "::1", "localhost", "0.0.0.0", "::", "shop")]
    [True, True, True, False, False, False]
    """
    if host.lower() == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False
