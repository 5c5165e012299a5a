"""Wires the doctor together: what is looked at, and how it is said."""

import time
from collections.abc import Iterator, Mapping
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import click

from starwatch.cli.serving import sink_texts, source_sections
from starwatch.codecs.options import InputOptions
from starwatch.errors import StarwatchError
from starwatch.journal.lock import writer_of
from starwatch.journal.places import Places
from starwatch.journal.store import Journal
from starwatch.page.guarding import require_token
from starwatch.ratings.scale import Scale
from starwatch.service.doctor import LOOKING, Finding, clock, examined
from starwatch.service.doctor_port import port
from starwatch.settings.secrets import without_secrets
from starwatch.settings.sources import Settings
from starwatch.sinks.registry import parse_outputs
from starwatch.sources.doubled import refuse_doubled
from starwatch.sources.live import SourceContext, open_live

if TYPE_CHECKING:
    from starwatch.ports import LiveSource

_UNASKED = "the URL can be used; the server was not asked, `starwatch run` says whether it answers"
_WRITABLE = "the sink can be used; nothing was written to it"

_MARKS = {"ok": "ok  ", "note": "note", "bad": "BAD "}


def examine(
    settings: Settings, options: InputOptions, scale: Scale, given: Mapping[str, Any]
) -> int:
    """Look at everything and say it line by line; returns the exit code."""
    worst = 0
    for finding in _findings(settings, options, scale, given):
        click.echo(f"{_MARKS[finding.level]}  {finding.about}: {finding.text}")
        worst |= finding.level == "bad"
    return int(worst)


def _findings(
    settings: Settings, options: InputOptions, scale: Scale, given: Mapping[str, Any]
) -> Iterator[Finding]:
    directory = Path(given["state"] or settings.state.dir)
    yield from _state(directory)
    yield from _sources(settings, options, scale, given)
    if settings.http.enabled:
        try:
            require_token(settings.http.host, settings.http.token.get_secret_value())
            running = writer_of(directory) is not None
            yield port(settings.http.host, settings.http.port, running=running)
        except StarwatchError as error:
            yield Finding("bad", "http", str(error))
    for text in sink_texts(settings):
        try:
            parse_outputs([text])
            yield Finding("note", without_secrets(text), _UNASKED if "://" in text else _WRITABLE)
        except StarwatchError as error:
            yield Finding("bad", without_secrets(text), str(error))


def _sources(
    settings: Settings, options: InputOptions, scale: Scale, given: Mapping[str, Any]
) -> Iterator[Finding]:
    """Each source, and whether two bring the same ratings."""
    sources: list[LiveSource] = []
    claims: dict[str, str] = {}
    for section in source_sections(settings, given):
        looking = LOOKING.get(urlsplit(section.url).scheme.removesuffix("s"), {})
        context = SourceContext(options, scale, False, section.options() | looking, claims)
        try:
            source = open_live(section.url, context)
        except StarwatchError as error:
            yield Finding("bad", without_secrets(section.url), str(error))
            continue
        sources.append(source)
        yield from examined(source, given["seconds"])
    try:
        refuse_doubled(sources)
    except StarwatchError as error:
        yield Finding("bad", "sources", str(error))


def _state(directory: Path) -> Iterator[Finding]:
    """The state, if there is one, and the clock beside it."""
    last = None
    places = Places(directory)
    if places.database.is_file():
        try:
            with closing(Journal(places.database, reading=True)) as journal:
                last = journal.fact("watermark_ms")
            yield Finding("ok", str(directory), "the state can be read")
        except StarwatchError as error:
            yield Finding("bad", str(directory), str(error))
    yield clock(last, time.time_ns() // 1_000_000)
