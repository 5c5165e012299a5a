"""How long and how much of its files a state keeps: `--keep` and `--keep-size`."""

import re
from collections.abc import Callable
from functools import wraps
from typing import Any

import click

from starwatch.errors import BadSetting

FOREVER = "forever"
"""No limit. A bare 0 is refused: some would read it as no limit, others as nothing kept."""

_UNITS = {
    "kB": 10**3,
    "MB": 10**6,
    "GB": 10**9,
    "TB": 10**12,
    "KiB": 1 << 10,
    "MiB": 1 << 20,
    "GiB": 1 << 30,
    "TiB": 1 << 40,
}
_BY_LOWER = {unit.lower(): size for unit, size in _UNITS.items()}


def keep_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add both options to a command; it gets those that were given as the mapping `keep`.

    Its keys are the attributes of a `Retention`; None stands for no limit.
    """

    @click.option(
        "--keep",
        metavar="AGE",
        help="How long sealed ratings and short panes are kept, from when their file was made: 7d"
        " if nothing is said; `forever`.",
    )
    @click.option(
        "--keep-size",
        metavar="SIZE",
        help="How much sealed ratings and panes may take on the disk: 10GB if nothing is said;"
        " `forever` for any amount.",
    )
    @wraps(command)
    def with_keep(*arguments: Any, keep: str | None, keep_size: str | None, **given: Any) -> Any:
        return command(*arguments, keep=chosen_keep(keep, keep_size), **given)

    return with_keep


def chosen_keep(keep: str | None, keep_size: str | None) -> dict[str, int | None]:
    """What was chosen of an age and a size, by the attributes of a `Retention`."""
    chosen: dict[str, int | None] = {}
    if keep is not None:
        chosen["keep_ms"] = _age_ms(keep)
    if keep_size is not None:
        chosen["keep_bytes"] = size_bytes(keep_size)
    return chosen


def _age_ms(text: str) -> int | None:
    from starwatch.ratings.durations import duration_ms  # noqa: PLC0415 - only when it is given

    return None if text == FOREVER else duration_ms(text)


def size_bytes(text: str) -> int | None:
    """Read a size: `10GB` is ten thousand million bytes; None for no limit.

    Raises:
        BadSetting: it is no number with a unit.
    """
    if text == FOREVER:
        return None
    match = re.fullmatch(r"(\d{1,9}(?:\.\d{1,9})?) ?([kmgt]i?b)", text.strip().lower())
    if match is None:
        raise BadSetting(
            f"the size {text!r} cannot be read", hint="A size reads like 500MB, 10GB or 2GiB"
        )
    return int(float(match[1]) * _BY_LOWER[match[2]])
