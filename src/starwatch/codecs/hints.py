"""The sentence that ends an error about a name nobody knows."""

from collections.abc import Iterable

_TOO_MANY = 12


def choose_from(given: str, names: Iterable[str], option: str = "") -> str:
    """Say what was meant, and what there is.

    >>> choose_from("sec", ["auto", "s"], "--time-unit")
    'Use --time-unit auto or s'
    """
    import difflib  # noqa: PLC0415 - only after a mistake

    known = list(names)
    near = difflib.get_close_matches(given, known, n=1)
    shown = [*known[:_TOO_MANY], "..."] if len(known) > _TOO_MANY else known
    listed = " or ".join([part for part in (", ".join(shown[:-1]), shown[-1]) if part])
    start = f"Did you mean {near[0]}? " if near else ""
    return f"{start}Use {option} {listed}" if option else f"{start}There are {listed}"
