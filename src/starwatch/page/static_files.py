"""The files of the page: styles, modules, pictures; held in memory, packed once.

The version of all of them stands in their path, `/static/VERSION/app.js`. So a browser may keep
them for ever, and what a module imports by a relative path is of the same version.
"""

import hashlib
from collections.abc import Iterator
from importlib.resources import files
from importlib.resources.abc import Traversable

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from starwatch.page.answering import Body, answered, weak_tag

_TYPES = {
    "css": "text/css; charset=utf-8",
    "js": "text/javascript; charset=utf-8",
    "json": "application/json",
    "mjs": "text/javascript; charset=utf-8",
    "png": "image/png",
    "svg": "image/svg+xml",
    "md": "text/plain; charset=utf-8",
    "txt": "text/plain; charset=utf-8",
    "webmanifest": "application/manifest+json",
    "woff2": "font/woff2",
}
# All styles in one file, since each request holds back the first picture. What comes later has the
# last word.
_STYLES = "page.css"
_PARTS = (
    *("colours", "base", "head", "controls", "overview", "grid", "gridphone", "pipeline"),
    *("vendor/uPlot.min", "charts", "product"),
)
_FOR_EVER = "public, max-age=31536000, immutable"


class StaticFiles:
    """Answers them.

    Attributes:
        version: A hash of all of them.
    """

    def __init__(self) -> None:
        folder = files("starwatch.page") / "static"
        plain = dict(sorted(_below(folder))) if folder.is_dir() else {}
        plain[_STYLES] = b"\n".join(plain[f"{name}.css"] for name in _PARTS)
        told = hashlib.sha256()
        for name, content in plain.items():
            told.update(f"{name}\0{len(content)}\0".encode() + content)
        self.version = told.hexdigest()[:12]
        self._files = {name: Body.of(content, level=9) for name, content in plain.items()}

    @property
    def names(self) -> list[str]:
        """All of them."""
        return list(self._files)

    def path(self, name: str) -> str:
        """Where a file is answered, below the path prefix.

        Raises:
            KeyError: there is none of that name.
        """
        if name not in self._files:
            raise KeyError(name)
        return f"/static/{self.version}/{name}"

    async def answer(self, request: Request) -> Response:
        """One of them; of this version to keep, otherwise to be asked for again."""
        name = request.path_params["name"]
        current = request.path_params["version"] == self.version
        body = self._files.get(name)
        if body is None:
            raise HTTPException(404)
        kept = _FOR_EVER if current else "no-cache"
        headers = (("Cache-Control", kept), ("ETag", weak_tag(self.version)))
        return answered(request, body, _TYPES[_ending(name)], headers)


def _below(folder: Traversable, before: str = "") -> Iterator[tuple[str, bytes]]:
    for each in folder.iterdir():
        if each.is_dir():
            yield from _below(each, f"{before}{each.name}/")
        elif _ending(each.name) in _TYPES and not each.name.startswith("."):
            yield before + each.name, each.read_bytes()


def _ending(name: str) -> str:
    return name.rpartition(".")[2]
