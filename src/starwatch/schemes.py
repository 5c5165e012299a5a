"""Adapters by the scheme of a URL: our own and installed ones, imported only when named."""

from collections.abc import Mapping
from dataclasses import dataclass
from importlib import import_module
from typing import Any
from urllib.parse import urlsplit

from starwatch.errors import BadSetting


@dataclass(frozen=True, slots=True)
class Schemes:
    """The adapters of one kind.

    Attributes:
        group: The entry point group; the name of an entry is the scheme of a URL.
        ours: Our own, scheme to `module:name`, the same as in pyproject.toml: for source trees
            that were not installed, and for speed.
        kind: What one of them is called, as `live source`.
    """

    group: str
    ours: Mapping[str, str]
    kind: str

    def factory(self, url: str) -> Any:
        """Import the factory that a URL names.

        Raises:
            BadSetting: the URL cannot be read, there is no such adapter, or a package is missing.
        """
        try:
            scheme = urlsplit(url).scheme
        except ValueError as error:
            raise BadSetting(
                f"the URL of a {self.kind} cannot be read",
                hint="Use a URL like mqtt://HOST:PORT/TOPIC; IPv6 reads [::1]",
            ) from error
        module, _, name = (self.ours.get(scheme) or self._installed(scheme)).partition(":")
        try:
            return getattr(import_module(module), name)
        except ImportError as error:
            raise BadSetting(
                f"the {self.kind} {scheme}:// needs the package {error.name!r}, which is not here",
                hint=f"Install it: pip install 'starwatch[{scheme.removesuffix('s')}]'",
            ) from error

    def _installed(self, scheme: str) -> str:
        from importlib.metadata import entry_points  # noqa: PLC0415 - slow, and seldom needed

        entries = {entry.name: entry.value for entry in entry_points(group=self.group)}
        if scheme in entries:
            return entries[scheme]
        known = [f"{each}://" for each in sorted({*self.ours, *entries})]
        what = f"for {scheme}://" if scheme else "without a scheme"
        raise BadSetting(
            f"there is no {self.kind} {what}",
            hint="Use a URL like mqtt://HOST:PORT/TOPIC; it begins with"
            f" {', '.join(known[:-1])} or {known[-1]}",
        )
