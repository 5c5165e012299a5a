"""How long and how much of its files a state keeps: `--keep` and `--keep-size`."""

from collections.abc import Callable
from functools import wraps
from typing import Any

import click

FOREVER = "forever"
"""No limit. A bare 0 is refused: some would read it as no limit, others as nothing kept."""


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
        chosen["keep_bytes"] = kept_bytes(keep_size)
    return chosen


def _age_ms(text: str) -> int | None:
    from starwatch.ratings.durations import duration_ms  # noqa: PLC0415 - only when it is given

    return None if text == FOREVER else duration_ms(text)


def kept_bytes(text: str) -> int | None:
    """Read a size, or None for no limit.

    Raises:
        BadSetting: it is no number with a unit, nor `forever`.
    """
    from starwatch.ratings.sizes import size_bytes  # noqa: PLC0415 - only when it is given

    return None if text == FOREVER else size_bytes(text)
