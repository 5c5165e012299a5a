"""The rules of a job as a user sets them, from flags, environment and file (architecture §4-§6).

Defaults stand once, in `starwatch.windows.job.Job` and in `build_job`; here None means: not set.
"""

import os
from collections.abc import Mapping
from typing import Any

from starwatch.errors import BadSetting
from starwatch.ratings.durations import duration_label, duration_ms
from starwatch.ratings.scale import Scale
from starwatch.windows.job import Duplicates, Job, Quiet, WindowTime
from starwatch.windows.spec import WindowSpec

ENVIRONMENT = "STARWATCH_"
"""What names of environment variables begin with: `STARWATCH_BOUND=10s`."""


OLDEST_MS = 631_152_000_000
"""The start of 1990: no rating is older, so an event time before it is a mistake of its sender."""

AHEAD_MS = 60_000
"""How far a sender's clock may be ahead of ours."""


def given_settings(flags: Mapping[str, Any], config: str | None) -> dict[str, Any]:
    """All settings that somebody set: flags win over the environment, that over the file.

    The settings library takes longer to load than all else at start, so it is imported only where
    a file or a variable is there to be read.

    Args:
        flags: Setting to value, None where the flag was not given.
        config: A TOML file, or None.

    Raises:
        BadSetting: an unknown key or an impossible value in file or environment.
        MissingInput: the file is not there.
    """
    given = {name: value for name, value in flags.items() if value is not None and value != ()}
    if config is None and not any(name.upper().startswith(ENVIRONMENT) for name in os.environ):
        return given
    from starwatch.settings.sources import read_settings  # noqa: PLC0415

    return read_settings(config) | given


def build_job(given: Mapping[str, Any], *, replay: bool) -> Job:
    """The job that these settings make.

    A replay is not live: no arrival holds its watermark, no event time is impossible, and nothing
    is a duplicate unless it is asked for.

    Raises:
        UsageError: a setting that cannot be.
    """
    rules: dict[str, Any] = {}
    for name, value in given.items():
        target, read = _RULES[name]
        try:
            rules[target] = read(value)
        except BadSetting as error:
            raise BadSetting(f"{name}: {error.message}", hint=error.hint) from error
    by_arrival = rules.get("time") is WindowTime.ARRIVAL
    if by_arrival:
        rules.setdefault("bound_ms", 0)
    if replay:
        return Job(live=False, **rules)
    rules.setdefault("duplicates", Duplicates.IDS if by_arrival else Duplicates.CONTENT)
    return Job(oldest_ms=OLDEST_MS, ahead_ms=AHEAD_MS, **rules)


def rules_of(job: Job) -> dict[str, Any]:
    """The settings that make a job, by their names, as a user writes them."""
    return {
        "window": [window.label for window in job.windows],
        "scale": job.scale.label,
        "time": job.time.value,
        "bound": _duration(job.bound_ms),
        "lateness": _duration(job.lateness_ms),
        "quiet": job.quiet.value,
        "duplicates": job.duplicates.value,
        "horizon": _duration(job.horizon_ms),
        "max_entries": job.max_entries,
    }


def _duration(ms: int) -> str:
    return duration_label(ms) if ms else "0s"


def _windows(texts: Any) -> tuple[WindowSpec, ...]:
    return tuple(WindowSpec.parse(text) for text in texts)


_RULES: dict[str, tuple[str, Any]] = {
    "window": ("windows", _windows),
    "scale": ("scale", Scale.parse),
    "time": ("time", WindowTime),
    "bound": ("bound_ms", duration_ms),
    "lateness": ("lateness_ms", duration_ms),
    "quiet": ("quiet", Quiet),
    "duplicates": ("duplicates", Duplicates),
    "horizon": ("horizon_ms", duration_ms),
    "max_entries": ("max_entries", int),
}
