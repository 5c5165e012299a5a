"""The rules of a job as a user sets them, from flags, environment and file (architecture §4-§6).

Defaults stand once, in `starwatch.windows.job.Job` and in `build_job`; here None means: not set.
"""

import os
from collections.abc import Mapping
from typing import Any

from starwatch.errors import BadSetting
from starwatch.ratings.durations import duration_ms
from starwatch.ratings.scale import Scale
from starwatch.windows.job import Duplicates, Job, WindowTime
from starwatch.windows.spec import WindowSpec

ENVIRONMENT = "STARWATCH_"
"""What names of environment variables begin with: `STARWATCH_BOUND=10s`."""


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
    """The job that these settings make; a replay is not live and has no quiet rule.

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
    if "bound_ms" not in rules and rules.get("time") is WindowTime.ARRIVAL:
        rules["bound_ms"] = 0
    return Job(live=not replay, **rules)


def _windows(texts: Any) -> tuple[WindowSpec, ...]:
    return tuple(WindowSpec.parse(text) for text in texts)


_RULES: dict[str, tuple[str, Any]] = {
    "window": ("windows", _windows),
    "scale": ("scale", Scale.parse),
    "time": ("time", WindowTime),
    "bound": ("bound_ms", duration_ms),
    "lateness": ("lateness_ms", duration_ms),
    "duplicates": ("duplicates", Duplicates),
    "horizon": ("horizon_ms", duration_ms),
    "max_entries": ("max_entries", int),
}
