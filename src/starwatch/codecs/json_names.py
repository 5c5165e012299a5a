"""A decoder made for the names that messages have held so far."""

import re
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from typing import Any

import msgspec

from starwatch.codecs.fields import FIELDS, pick

_TYPES: dict[str, Any] = {
    "reviewer": str | int | None,
    "product": str | int | None,
    "stars": int | str | None,
    "time": int | float | str | None,
    "id": str | int | None,
}

_ESCAPED = re.compile(r'[\x00-\x1f"\\]')
"""What JSON writes with a backslash, which a made decoder does not read in names."""


@dataclass(frozen=True, slots=True)
class QuickWay:
    """Decodes messages that hold known names only; it refuses every other message.

    Attributes:
        decode: One message to an object with the attributes of `FIELDS`; None where one is missing.
        found: Field to the name that holds it.
        doubtful: Fields that more than one of the names can hold: where the value is missing, the
            message must be looked at again.
    """

    decode: Callable[[bytes], Any]
    found: Mapping[str, str]
    doubtful: tuple[str, ...]


def learnable(name: str) -> bool:
    r"""Whether a decoder can be made for a name: not with control characters, quotes, backslashes.

    >>> [learnable(name) for name in ("rating", "Bewertung (ä)", "a\n", 'a"', "a\\")]
    [True, True, False, False, False]
    """
    return not _ESCAPED.search(name)


def learn(names: Collection[str], mapping: Mapping[str, str | int], *, fractions: bool) -> QuickWay:
    """Make the decoder for these names.

    Args:
        names: The names of all fields that a message may hold.
        mapping: Which of them is to hold what, where the user said so.
        fractions: Whether stars may be written with a point or an exponent. They are given as
            `msgspec.Raw` then, for a float does not hold all digits; that takes a little longer.
    """
    ordered = sorted(names)
    found, doubtful = {}, []
    for field in FIELDS:
        place = pick(field, ordered, mapping)
        if place is None:
            continue
        found[field] = ordered[place]
        others = [name for name in ordered if name != ordered[place]]
        if pick(field, others, mapping) is not None:
            doubtful.append(field)
    others = [name for name in ordered if name not in found.values()]
    spare = {f"other{number}": name for number, name in enumerate(others)}
    types = _TYPES | {"stars": msgspec.Raw} if fractions else _TYPES
    fields: list[Any] = [(field, types[field], None) for field in found]
    fields += [(name, msgspec.Raw, None) for name in spare]
    row = msgspec.defstruct(
        "Row",
        fields,
        namespace=dict.fromkeys(field for field in FIELDS if field not in found),
        rename={**found, **spare},
        forbid_unknown_fields=True,
        gc=False,
    )
    return QuickWay(msgspec.json.Decoder(row).decode, found, tuple(doubtful))
