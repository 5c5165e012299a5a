"""Sinks by name: reads `--output SINK:TARGET` and imports only the sink that it names."""

import difflib
import importlib
import os
import sys
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

from starwatch.errors import BadSetting
from starwatch.ports import Cursor, LastingSink, LastingSinkFactory, RowContext, Sink, SinkFactory

GROUP = "starwatch.sinks"
"""The entry point group in which other packages announce their sinks."""

LASTING_GROUP = "starwatch.lasting_sinks"
"""The group, by the same names, of sinks that can go on after a crash."""

STDOUT = "-"
"""The target that stands for standard output; an output without a target means it too."""

_BUILT_IN = {
    "csv": "starwatch.sinks.csv:open_sink",
    "jsonl": "starwatch.sinks.jsonl:open_sink",
    "log": "starwatch.sinks.log:open_sink",
    "log-exact": "starwatch.sinks.log:open_exact",
    "parquet": "starwatch.sinks.parquet:open_sink",
}
"""Our own, as pyproject.toml announces them: found without reading any package's metadata."""

_LASTING = {
    "csv": "starwatch.sinks.csv:open_sink",
    "jsonl": "starwatch.sinks.jsonl:open_sink",
    "log": "starwatch.sinks.log:open_sink",
    "log-exact": "starwatch.sinks.log:open_exact",
    "mqtt": "starwatch.sinks.mqtt:open_sink",
    "parquet": "starwatch.sinks.parquet:open_parts",
    "postgresql": "starwatch.sinks.postgresql:open_sink",
    "redis": "starwatch.sinks.redis:open_sink",
    "webhook": "starwatch.sinks.webhook:open_sink",
    "kafka": "starwatch.sinks.kafka:open_sink",
}
"""The same for those that can go on after a crash."""

_SCHEMES = {
    "postgresql": "postgresql",
    "postgres": "postgresql",
    "redis": "redis",
    "rediss": "redis",
    "mqtt": "mqtt",
    "mqtts": "mqtt",
    "http": "webhook",
    "https": "webhook",
    "kafka": "kafka",
}
"""Which of our own sinks a URL is for; those of other packages are named as their scheme."""


@dataclass(frozen=True, slots=True)
class Output:
    """One `--output`: which sink, and where it writes to.

    Attributes:
        sink: The sink's name.
        target: What stood behind the colon, `-` where nothing did; or a whole URL, which may hold a
            password and is therefore never shown.
    """

    sink: str
    target: str = field(repr=False)

    @property
    def name(self) -> str:
        """What a journal keeps its cursor under, and logs and metrics call it: without a secret."""
        if "://" in self.target:
            from starwatch.sinks.urls import without_secrets  # noqa: PLC0415 - few need it

            return without_secrets(self.target)
        return f"{self.sink}:{self.target}"


def parse_output(text: str) -> Output:
    """Read `jsonl:w.jsonl`, `jsonl:-` or `jsonl` (both: standard output), or a URL.

    >>> parse_output("jsonl:w.jsonl").target
    'w.jsonl'

    Raises:
        BadSetting: there is no sink of that name.
    """
    scheme, is_url, _ = text.partition("://")
    if is_url and ":" not in scheme and scheme not in _BUILT_IN:
        return parse_sink(text)
    sink, _, target = text.partition(":")
    if sink not in _LASTING:
        _place(sink)
    return Output(sink, target or STDOUT)


def parse_sink(text: str) -> Output:
    """Read the URL of a server, or what `parse_output` reads; and see that its client is here.

    >>> parse_sink("postgres://shop@db.example/shop").sink
    'postgresql'

    Raises:
        BadSetting: no sink is for such a URL, it cannot be used, or a package is missing.
    """
    scheme, is_url, _ = text.partition("://")
    if not is_url or ":" in scheme:
        return parse_output(text)
    sink = _SCHEMES.get(scheme, scheme)
    place = _lasting_place(sink)
    if place is None:
        known = ", ".join(f"{each}://" for each in _SCHEMES)
        raise BadSetting(
            f"no sink is for {scheme}://", hint=f"There are {known} and SINK:FILE, as jsonl:w.jsonl"
        )
    from starwatch.sinks.urls import split_url  # noqa: PLC0415 - few need it

    split_url(text)
    _loaded(place, sink)
    check = getattr(sys.modules[place.partition(":")[0]], "check_target", None)
    if check is not None:
        check(text)
    return Output(sink, text)


def parse_outputs(texts: Sequence[str]) -> tuple[Output, ...]:
    """Read several outputs, which must not get into each other's way.

    Raises:
        BadSetting: there is no sink of a name, or two outputs have the same target.
    """
    outputs = tuple(parse_output(text) for text in texts)
    seen: set[str] = set()
    for output in outputs:
        target = _identity(output)
        if target in seen:
            where = (
                "standard output"
                if target == STDOUT
                else output.name
                if "://" in output.target
                else output.target
            )
            raise BadSetting(
                f"two outputs would write to {where}", hint="Give each output a target of its own"
            )
        seen.add(target)
    return outputs


def _identity(output: Output) -> str:
    """What two names of one target have in common: of a file, where it is."""
    if "://" in output.target:
        return output.name
    if output.target == STDOUT:
        return STDOUT
    with suppress(ValueError):  # that it cannot be a name is said when it is opened
        return os.path.realpath(output.target)
    return output.target


def open_output(output: Output, context: RowContext) -> Sink:
    """Import the sink and let it open its target.

    Raises:
        BadSetting: there is no such sink, or its target cannot be opened.
        OutputFailed: the target cannot be written.
    """
    if output.sink in _LASTING and output.sink not in _BUILT_IN:
        raise BadSetting(
            f"the sink {output.sink!r} needs a state, from which it goes on after a crash",
            hint="Add --state FOLDER",
        )
    factory: SinkFactory = _loaded(_place(output.sink), output.sink)
    return factory(output.target, context)


def open_lasting(output: Output, context: RowContext, cursor: Cursor) -> LastingSink:
    """Import the sink and let it open its target to go on at a cursor.

    Raises:
        BadSetting: there is no such sink, it cannot go on after a crash, or its target cannot be
            opened.
        OutputFailed: the target does not hold what the cursor says, or cannot be written.
    """
    place = _lasting_place(output.sink)
    if place is None:
        _place(output.sink)
        raise BadSetting(
            f"the sink {output.sink!r} cannot be used with --state, for it cannot go on after a"
            " crash",
            hint=f"Leave --state out, or write to one of {', '.join(_LASTING)}",
        )
    factory: LastingSinkFactory = _loaded(place, output.sink)
    return factory(output.target, context, name=output.name, cursor=cursor)


def at_most_once(sinks: Sequence[LastingSink]) -> str | None:
    """What to tell a user of sinks that cannot go on after a crash; None where all can."""
    names = [sink.name for sink in sinks if not sink.lasting]
    if not names:
        return None
    return (
        f"{', '.join(names)} is no file and gets each row at most once: what is not written when"
        " the process dies is not written later"
    )


def sink_names() -> list[str]:
    """The names of all sinks that can be used here, sorted."""
    return sorted({*_BUILT_IN, *_announced()})


def _place(sink: str) -> str:
    """Where a sink's factory is, as `module:name`."""
    place = _BUILT_IN.get(sink) or _announced().get(sink)
    if place is None:
        names = sink_names()
        near = difflib.get_close_matches(sink, names, n=1)
        meant = f"Did you mean {near[0]!r}? " if near else ""
        raise BadSetting(
            f"there is no sink {sink!r}",
            hint=f"{meant}An output reads SINK:FILE; the sinks are {', '.join(names)}",
        )
    return place


def _lasting_place(sink: str) -> str | None:
    """Where the factory of a lasting sink is, as `module:name`."""
    return _LASTING.get(sink) or _announced(LASTING_GROUP).get(sink)


def _loaded(place: str, sink: str) -> Any:
    """What stands at `module:name`."""
    module, _, name = place.partition(":")
    try:
        return getattr(importlib.import_module(module), name)
    except ImportError as error:
        raise BadSetting(
            f"the sink {sink!r} needs the package {error.name!r}, which is not here",
            hint=f"Install it: pip install 'starwatch[{sink}]'",
        ) from error


def _announced(group: str = GROUP) -> dict[str, str]:
    """Sinks of all installed packages; slow, and so only asked where our own do not answer."""
    from importlib.metadata import entry_points  # noqa: PLC0415

    return {entry.name: entry.value for entry in entry_points(group=group)}
