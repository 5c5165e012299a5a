"""Which column holds which field of a rating (architecture §9)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from starwatch.codecs.hints import choose_from
from starwatch.errors import BadSetting, UnknownColumn

NAMES: dict[str, tuple[str, ...]] = {
    "reviewer": ("reviewerID", "reviewer_id", "user_id", "userId", "userid", "user"),
    "product": (
        *("productID", "product_id", "asin", "parent_asin", "item_id", "movieId", "movieid"),
        *("product", "item"),
    ),
    "stars": ("rating", "overall", "stars", "score"),
    "time": ("timestamp", "unixReviewTime", "time", "ts", "event_time"),
    "id": ("id", "rating_id", "review_id"),
}
"""Names recognised without configuration, whatever their case; an earlier one goes before."""

FIELDS = tuple(NAMES)
NEEDED = ("product", "stars")
UNNAMED = ("reviewer", "product", "stars", "time")
"""The columns of a file without a header."""

_RANKED = {field: [name.lower() for name in names] for field, names in NAMES.items()}


@dataclass(frozen=True, slots=True)
class Layout:
    """Where the fields of a rating stand among the columns of an input.

    Attributes:
        places: Field to column number from 0; an optional field that is not there is left out.
        names: The names of all columns; empty where the input has none.
        width: How many columns there are.
    """

    places: Mapping[str, int]
    names: tuple[str, ...]
    width: int

    def __post_init__(self) -> None:
        """Refuse one column for two fields."""
        holders: dict[int, str] = {}
        for field, place in self.places.items():
            if place in holders:
                raise BadSetting(
                    f"one column cannot be both the {holders[place]} and the {field}",
                    hint=f"Give each its own, as --column {field}=NAME",
                )
            holders[place] = field

    def found(self) -> dict[str, str]:
        """Field to the name of its column, or `column 2` where columns have no names."""
        names = self.names
        return {
            field: names[place] if names else f"column {place}"
            for field, place in self.places.items()
        }


def field_named(name: str) -> str:
    """The field that a user means; `rating` or `asin` stand for `stars` and `product`.

    Raises:
        BadSetting: no field has such a name.
    """
    lower = name.strip().lower()
    for field, names in _RANKED.items():
        if lower == field or lower in names:
            return field
    raise BadSetting(
        f"a rating has no field {name!r}", hint=choose_from(name, FIELDS, "--column FIELD=NAME:")
    )


def is_known(name: str) -> bool:
    """Whether a column of this name is recognised without configuration."""
    lower = name.strip().lower()
    return any(lower in names for names in _RANKED.values())


def pick(field: str, names: Sequence[str], mapping: Mapping[str, str | int]) -> int | None:
    """The number of the column that holds a field, or None: the one rule for every format.

    A mapped field is looked for under its mapped name only, as it is written and then without
    regard to case. Others go by `NAMES`, without regard to case, an earlier name first.
    """
    wanted = mapping.get(field)
    if isinstance(wanted, int):
        return wanted if 0 <= wanted < len(names) else None
    if wanted is not None and wanted in names:
        return names.index(wanted)
    lower = [name.strip().lower() for name in names]
    for name in _RANKED[field] if wanted is None else [wanted.strip().lower()]:
        if name in lower:
            return lower.index(name)
    return None


def named_layout(names: Sequence[str], mapping: Mapping[str, str | int], where: str) -> Layout:
    """The layout of an input whose columns have names.

    Raises:
        UnknownColumn: a needed or mapped field is not there; says which option mends it.
    """
    places = {}
    for field in FIELDS:
        place = pick(field, names, mapping)
        if place is not None:
            places[field] = place
        elif field in NEEDED or field in mapping:
            raise _unknown(field, names, mapping, where)
    return Layout(places, tuple(names), len(names))


def unnamed_layout(width: int, mapping: Mapping[str, str | int], where: str) -> Layout:
    """The layout of a file without a header: the four usual columns, or the mapped numbers.

    Raises:
        UnknownColumn: columns are mapped by name or out of reach, or there are not four.
    """
    for field, wanted in mapping.items():
        if isinstance(wanted, str):
            raise UnknownColumn(
                f"{where} has no header, so its {field} cannot be called {wanted!r}",
                hint=f"Give its number from 0, as --column {field}=0, or --header",
            )
        if not 0 <= wanted < width:
            raise UnknownColumn(
                f"{where} has no column {wanted} for the {field}",
                hint=f"Its {width} columns are numbered 0 to {width - 1}",
            )
    numbers = {field: int(wanted) for field, wanted in mapping.items()}
    if width == len(UNNAMED):
        taken = set(numbers.values())
        usual = {f: i for i, f in enumerate(UNNAMED) if f not in numbers and i not in taken}
        numbers = {**usual, **numbers}
    for field in NEEDED:
        if field not in numbers:
            raise UnknownColumn(
                f"{where} has {width} columns and no header, so its {field} is not known",
                hint="Say where it stands, as --column product=1 --column stars=2 (from 0)",
            )
    places = {field: numbers[field] for field in FIELDS if field in numbers}
    return Layout(places, (), width)


def _unknown(
    field: str, names: Sequence[str], mapping: Mapping[str, str | int], where: str
) -> UnknownColumn:
    import difflib  # noqa: PLC0415 - only after a mistake

    wanted = str(mapping.get(field, ""))
    looked = [wanted] if wanted else [*NAMES[field], field]
    used = {pick(other, names, mapping) for other in FIELDS if other != field}
    free = [name for place, name in enumerate(names) if place not in used]
    lower = [name.lower() for name in looked]
    near = [name for name in free if difflib.get_close_matches(name.lower(), lower, n=1)]
    example = next(iter([*near, *free]), "NAME")
    what = f"column {wanted!r} for the {field}" if wanted else f"column for the {field}"
    shown = ", ".join(names) if names else "none"
    ask = f"Did you mean --column {field}={example}?" if near else f"Name it, as --column {field}="
    return UnknownColumn(
        f"{where} has no {what}; its columns are {shown}",
        hint=ask if near else ask + example,
    )
