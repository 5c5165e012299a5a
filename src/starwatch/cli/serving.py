"""Reads what `starwatch run` is to watch: sources, sinks, rules, HTTP, from flags and settings."""

import logging
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import replace
from pathlib import Path
from typing import Any

import click

from starwatch.cli.addresses import http_section
from starwatch.cli.catalogue_option import given_catalogue
from starwatch.cli.http_serving import door_limits
from starwatch.cli.watching import Parts, watch
from starwatch.codecs.options import InputOptions
from starwatch.errors import BadSetting
from starwatch.ports import LiveSource
from starwatch.ratings.scale import Scale
from starwatch.service.memory import return_large_blocks
from starwatch.service.rhythm import Rhythm
from starwatch.service.state import State
from starwatch.settings.job import build_job, given_settings
from starwatch.settings.sections import DEFAULT_SOURCE, SourceSection
from starwatch.settings.sources import Settings
from starwatch.sinks.registry import Output, parse_outputs
from starwatch.sinks.urls import with_options
from starwatch.sources.doubled import refuse_doubled
from starwatch.sources.http_door.source import HttpSource
from starwatch.sources.live import SourceContext, open_live
from starwatch.terminal.logs import logged_to_stderr
from starwatch.terminal.summary import number_text
from starwatch.windows.job import Duplicates, Job, WindowTime

_LOG = logging.getLogger(__name__)

FLINK = "flink"
"""As an --engine: a job on Flink counts."""

NO_SOURCE = "none"
"""As a --source: there is none but HTTP."""


def serve(settings: Settings, options: InputOptions, scale: Scale, given: Mapping[str, Any]) -> int:
    """Run a service until somebody stops it; returns the exit code."""
    return_large_blocks()
    level = "error" if given["quiet"] else settings.log.level
    with logged_to_stderr(level, given["log_format"] or settings.log.format):
        _serve(settings, options, scale, given)
    return 0


def _serve(
    settings: Settings, options: InputOptions, scale: Scale, given: Mapping[str, Any]
) -> None:
    job, by_records = _live_job(settings, scale, given)
    context = SourceContext(options, job.scale, by_records or job.time is WindowTime.ARRIVAL, {})
    http = http_section(settings, given)
    posted = None
    beside: AbstractContextManager[None] = nullcontext()
    if given["engine"] == FLINK:
        from starwatch.cli import flink_serving  # noqa: PLC0415

        sections = source_sections(settings, given)
        sources = [flink_serving.written_back(job, sections, options, settings)]
        beside = flink_serving.ticks_written(
            job, sections, options, settings, by_records=by_records
        )
        job = flink_serving.job_elsewhere(job)
    else:
        if http.enabled:
            posted = HttpSource(options, job.scale, paths=http.path, limits=door_limits(http))
        sources = [*_sources(settings, context, given), *([posted] if posted else [])]
    outputs = _outputs(settings, given)
    catalogue = given_catalogue(given)
    directory = Path(given["state"] or settings.state.dir)
    with State(directory, again=given["again"], rhythm=_rhythm(given)) as state:
        parts = Parts(
            job=job,
            sources=sources,
            outputs=outputs,
            http=http,
            posted=posted,
            by_records=by_records,
            catalogue=catalogue,
        )
        if given["broker"]:
            beside = _with_broker(directory, source_sections(settings, given))
        service = watch(state, parts, settings, given, beside=beside)
        _LOG.info("stopped: %s in all", number_text(service.engine.received, "rating"))


@contextmanager
def _with_broker(directory: Path, sources: Sequence[SourceSection]) -> Iterator[None]:
    """A broker of our own, where the first source that is MQTT on loopback looks for one."""
    from starwatch.mqtt.address import split_place  # noqa: PLC0415 - only where it is asked for
    from starwatch.service.broker import HOST, PORT, own_broker  # noqa: PLC0415

    places = [split_place(each.url) for each in sources if each.url.startswith("mqtt://")]
    ports = [port for host, port in places if host in (HOST, "localhost")]
    if not ports:
        raise BadSetting(
            "--broker is for a source on loopback, and there is none",
            hint=f"Add --source mqtt://{HOST}:{PORT}/TOPIC",
        )
    with own_broker(directory, ports[0]) as (url, told):
        _LOG.info("a broker runs at %s", url)
        if told:
            _LOG.warning("%s", told)
        yield


def _live_job(settings: Settings, scale: Scale, given: Mapping[str, Any]) -> tuple[Job, bool]:
    """The rules, and whether windows go by the time of records.

    Kafka's records have a time of their own. Windows by arrival go by that, so the job goes by
    event time, with the bound of arrival; others' ratings get their arrival time there.

    Raises:
        BadSetting: a rating is to be known by the event time that would be put aside.
    """
    flags = {name: given[name] for name in ("window", "time", "bound", "lateness", "duplicates")}
    source = click.get_current_context().get_parameter_source("scale")
    if source is not None and source.name == "COMMANDLINE":
        flags["scale"] = scale.label
    job = build_job(given_settings(flags, given["config"]), replay=False)
    kafka = any(each.url.startswith("kafka:") for each in source_sections(settings, given))
    if kafka and job.time is WindowTime.ARRIVAL:
        if job.duplicates is Duplicates.CONTENT and given["engine"] != FLINK:
            raise BadSetting(
                "with Kafka and --time arrival a rating has no event time to be known again by",
                hint="Use --duplicates ids, or --time event, or let Flink count: --engine flink",
            )
        return replace(job, time=WindowTime.EVENT), True
    return job, False


def source_sections(settings: Settings, given: Mapping[str, Any]) -> Sequence[SourceSection]:
    """The sources that are asked for: by flags, else by settings, else the default."""
    if given["sources"]:
        return [SourceSection(url=url) for url in given["sources"] if url != NO_SOURCE]
    if "source" in settings.model_fields_set:
        return settings.source
    return [SourceSection(url=DEFAULT_SOURCE)]


def _sources(
    settings: Settings, context: SourceContext, given: Mapping[str, Any]
) -> list[LiveSource]:
    sources = [
        open_live(each.url, replace(context, options=each.options()))
        for each in source_sections(settings, given)
    ]
    refuse_doubled(sources)
    return sources


def _outputs(settings: Settings, given: Mapping[str, Any]) -> Sequence[Output]:
    """The sinks that are asked for: by flags, else by settings."""
    return parse_outputs(given["sinks"] or sink_texts(settings))


def sink_texts(settings: Settings) -> Sequence[str]:
    """The sinks of the settings, each as one URL with all its options."""
    return [with_options(sink.url, sink.options()) for sink in settings.sink]


def _rhythm(given: Mapping[str, Any]) -> Rhythm:
    """The defaults, but for what a test asks for."""
    names = ("snapshot_seconds", "seal_ratings")
    return Rhythm(**{name: given[name] for name in names if given[name] is not None})
