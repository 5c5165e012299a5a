"""Sizes in bytes as a user writes them: `10GB`, `32KiB`."""

import re

from starwatch.errors import BadSetting

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
_SIZE = re.compile(r"(\d{1,9}(?:\.\d{1,9})?) ?([kmgt]i?b)")


def size_bytes(text: str) -> int:
    """Read a size: `10GB` is ten thousand million bytes.

    Raises:
        BadSetting: it is no number with a unit.
    """
    match = _SIZE.fullmatch(text.strip().lower())
    if match is None:
        raise BadSetting(
            f"the size {text!r} cannot be read", hint="A size reads like 500MB, 10GB or 2GiB"
        )
    return int(float(match[1]) * _BY_LOWER[match[2]])
