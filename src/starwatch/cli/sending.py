"""`starwatch replay --to`: files sent to a broker or a server as if they came just now."""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import click

from starwatch.cli.running import INTERRUPTED, readable, stopped_by_signals
from starwatch.errors import BadSetting, OutputFailed
from starwatch.ports import FileReader
from starwatch.replay.pace import Pace, ReplayOptions
from starwatch.replay.timeline import timeline
from starwatch.service.pacing import NoPacing, Pacing
from starwatch.service.sending import Sending, Sent, delay_ms
from starwatch.service.stop import Stop
from starwatch.sinks.publishers import Publisher, open_publisher
from starwatch.terminal.logs import logged_to_stderr
from starwatch.windows.job import Job

_LAST_SECONDS = 30.0
"""How long the end waits for what is not acknowledged."""

_STOPPED_SECONDS = 3.0
"""The same where a person wants the end."""

_HERE_ALONE = ("outputs", "state", "again", "rejects", "late", "start")


def send_replay(
    job: Job,
    given: Mapping[str, Any],
    open_readers: Callable[[], Sequence[FileReader]],
    options: ReplayOptions,
) -> int:
    """Send a replay; returns the exit code.

    Raises:
        BadSetting: an option makes no sense where nothing is drawn here.
        OutputFailed: the target refuses, or did not acknowledge everything.
    """
    for name in _HERE_ALONE:
        if given.get(name):
            option = name.removesuffix("s") if name == "outputs" else name
            raise BadSetting(
                f"--{option} and --to exclude each other",
                hint="Windows are drawn where the ratings arrive",
            )
    level = "error" if given["quiet"] else "info"
    with logged_to_stderr(level, "text"), stopped_by_signals() as stop:
        publisher = open_publisher(given["to"], {})
        seconds = _STOPPED_SECONDS
        sent = Sent()
        try:
            # Read before the beginning is chosen: slow files make nothing late.
            events = readable(timeline(open_readers, replace(options, start_ms=0)))
            pacing = NoPacing(0, stop) if given["fast"] else _pacing(options.pace, job, stop)
            sending = Sending(publisher, pacing=pacing, stop=stop, scale=job.scale)
            sent = sending.sent
            sending.run(events)
            seconds = _LAST_SECONDS if sent.ended else _STOPPED_SECONDS
        finally:
            publisher.close(seconds)
            if not given["quiet"]:
                click.echo(_told(publisher, sent), err=True)
    _check(publisher, sent)
    return 0 if sent.ended else INTERRUPTED


def _pacing(pace: Pace, job: Job, stop: Stop) -> Pacing:
    """Begins where a receiver's windows are those of a replay here."""
    now_ms, now = time.time_ns() // 1_000_000, time.monotonic()
    return Pacing(0, stop, begin=now + delay_ms(now_ms, pace, job.windows) / 1000)


def _told(publisher: Publisher, sent: Sent) -> str:
    left = sent.taken - publisher.acknowledged
    parts = [f"sent {sent.taken:,} ratings to {publisher.name}"]
    parts.append(f"{publisher.acknowledged:,} acknowledged")
    if left:
        parts.append(f"{left:,} not")
    if sent.rejected:
        parts.append(f"{sent.rejected:,} rows are no ratings and were not sent")
    return ", ".join(parts)


def _check(publisher: Publisher, sent: Sent) -> None:
    left = sent.taken - publisher.acknowledged
    if left and sent.ended:
        raise OutputFailed(
            f"{publisher.name} did not acknowledge {left:,} ratings",
            hint="They may have arrived all the same",
        )
