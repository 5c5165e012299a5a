"""Sources by name: our own and installed ones, imported only when named."""

from collections.abc import Mapping
from importlib import import_module
from typing import Any, Protocol, cast

from starwatch.codecs.hints import choose_from
from starwatch.codecs.options import InputOptions
from starwatch.errors import BadSetting
from starwatch.ports import FileReader
from starwatch.ratings.scale import Scale

GROUP = "starwatch.sources"
"""The entry point group; the name of an entry is the name of the format."""

_OURS = {
    "csv": "starwatch.sources.csv_files:csv_source",
    "jsonl": "starwatch.sources.jsonl_files:jsonl_source",
    "parquet": "starwatch.sources.parquet_files:parquet_source",
}
"""The same as in pyproject.toml, for source trees that were not installed, and for speed."""


class Source(FileReader, Protocol):
    """A `FileReader` that can say where it found the fields of a rating."""

    def found(self) -> Mapping[str, str]:
        """Field to the column that holds it; complete after the first block."""


class SourceFactory(Protocol):
    """What an entry point of the group `starwatch.sources` loads."""

    def __call__(self, path: str, options: InputOptions, scale: Scale) -> Source:
        """Open a file.

        Raises:
            MissingInput: it is not there.
        """


def source_named(name: str) -> SourceFactory:
    """The factory of a format.

    Raises:
        BadSetting: there is none of this name; says which there are.
    """
    place = _OURS.get(name)
    if place is None:
        return _installed(name)
    module, _, attribute = place.partition(":")
    return cast("SourceFactory", getattr(import_module(module), attribute))


def _installed(name: str) -> SourceFactory:
    from importlib.metadata import entry_points  # noqa: PLC0415 - slow, and seldom needed

    entries: dict[str, Any] = {entry.name: entry for entry in entry_points(group=GROUP)}
    if name in entries:
        return cast("SourceFactory", entries[name].load())
    raise BadSetting(
        f"the format {name!r} is unknown",
        hint=choose_from(name, sorted({*_OURS, *entries}), "--format"),
    )
