"""A path prefix, for a proxy that has other things beside us."""

from starlette.types import ASGIApp, Receive, Scope, Send


class Prefixed:
    """Takes a prefix off paths, where a proxy has left it on; it is nothing that clients can set.

    Args:
        app: What answers.
        prefix: Empty, or as `/shop`.
    """

    def __init__(self, app: ASGIApp, prefix: str) -> None:
        self._app, self._prefix = app, prefix

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        path = scope.get("path", "")
        if self._prefix and (path == self._prefix or path.startswith(self._prefix + "/")):
            scope = dict(scope, path=path[len(self._prefix) :] or "/")
        await self._app(scope, receive, send)
