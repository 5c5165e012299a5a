"""The header of a script: the `job` and its rules."""

from collections.abc import Callable, Sequence
from typing import Any

from starwatch.errors import StarwatchError
from starwatch.ratings.durations import moment_ms
from starwatch.ratings.scale import Scale
from starwatch.scenarios.steps import Setting
from starwatch.scenarios.words import Line, read_duration
from starwatch.windows.job import Duplicates, Job, Quiet, WindowTime
from starwatch.windows.spec import WindowSpec

DAY = "2021-06-01"
"""The day on which a script plays that names none."""

_EVENT_BOUND_MS = 5_000
_ARRIVAL_BOUND_MS = 0


def read_header(lines: Sequence[Line]) -> Setting:
    """Read the indented lines under `job`.

    Raises:
        BadScript: a rule is not known, is given twice, or cannot be.
    """
    seen: dict[str, Line] = {}
    rules: dict[str, Any] = {}
    day = DAY
    partitions: tuple[tuple[str, bool], ...] = (("main", False),)
    for line in lines:
        key, _, rest = line.text.partition(" ")
        if key in seen:
            raise line.bad(f"the rule {key!r} is given twice", "Give each rule once")
        seen[key] = line
        if key == "day":
            day = rest.strip()
        elif key == "partitions":
            partitions = _partitions(line, rest)
        else:
            rules |= _rule(line, key, rest.strip())
    arrival = rules.get("time") is WindowTime.ARRIVAL
    rules.setdefault("bound_ms", _ARRIVAL_BOUND_MS if arrival else _EVENT_BOUND_MS)
    return Setting(_job(lines, rules), _moment(seen.get("day"), day), partitions)


def _job(lines: Sequence[Line], rules: dict[str, Any]) -> Job:
    try:
        return Job(**rules)
    except StarwatchError as error:
        raise lines[0].bad(error.message, error.hint) from error


def _rule(line: Line, key: str, value: str) -> dict[str, Any]:
    if key not in _RULES:
        raise line.unknown("the rule", key, [*_RULES, "partitions", "day"])
    field, read = _RULES[key]
    if not value:
        raise line.bad(f"the rule {key!r} has no value")
    try:
        return {field: read(line, value)}
    except StarwatchError as error:
        if error.message.startswith(line.path):
            raise
        raise line.bad(error.message, error.hint) from error


def _partitions(line: Line, text: str) -> tuple[tuple[str, bool], ...]:
    """Read `tills, kiosk caught-up`; the word `none` stands for no partition."""
    if text.strip() == "none":
        return ()
    found: list[tuple[str, bool]] = []
    for part in text.split(","):
        name, *more = part.split() or [""]
        if not name or more not in ([], ["caught-up"]):
            raise line.bad(
                f"the partition {part.strip()!r} cannot be read",
                "Partitions read: partitions tills, kiosk caught-up",
            )
        if name in dict(found):
            raise line.bad(f"the partition {name!r} is given twice", "Give each one once")
        found.append((name, bool(more)))
    return tuple(found)


def _windows(line: Line, text: str) -> tuple[WindowSpec, ...]:
    del line
    return tuple(WindowSpec.parse(part.strip()) for part in text.split(","))


def _scale(line: Line, text: str) -> Scale:
    del line
    return Scale.parse(text)


def _number(line: Line, text: str) -> int:
    if not text.isdecimal():
        raise line.bad(f"{text!r} is no whole number")
    return int(text)


def _moment(line: Line | None, text: str) -> int:
    try:
        return moment_ms(text)
    except StarwatchError as error:
        raise (line.bad(error.message, error.hint) if line else error) from error


def _choice(choices: dict[str, Any]) -> Callable[[Line, str], Any]:
    def read(line: Line, text: str) -> Any:
        if text not in choices:
            raise line.unknown("the word", text, choices)
        return choices[text]

    return read


_RULES: dict[str, tuple[str, Callable[[Line, str], Any]]] = {
    "windows": ("windows", _windows),
    "scale": ("scale", _scale),
    "time": ("time", _choice({t.value: t for t in WindowTime})),
    "bound": ("bound_ms", read_duration),
    "lateness": ("lateness_ms", read_duration),
    "quiet": ("quiet", _choice({q.value: q for q in Quiet})),
    "door": ("live", _choice({"live": True, "replay": False})),
    "duplicates": ("duplicates", _choice({d.value: d for d in Duplicates})),
    "horizon": ("horizon_ms", read_duration),
    "remember": ("max_entries", _number),
    "oldest": ("oldest_ms", _moment),
    "ahead": ("ahead_ms", read_duration),
}
