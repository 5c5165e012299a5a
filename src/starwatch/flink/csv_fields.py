"""Fields of a rating out of a line of CSV, as expressions over the column `value`.

A record has as many columns as it has; which stands where follows from their number, as for the
embedded engine: five are the reference's, four the usual ones, others are mapped by number.
"""

from collections.abc import Mapping, Sequence

from starwatch.codecs.fields import NEEDED, UNNAMED
from starwatch.errors import BadSetting
from starwatch.flink.text import literal

Layouts = Sequence[tuple[int, Mapping[str, int]]]
"""Numbers of columns, and which field stands in which of them, from 0."""

READABLE = (r"REGEXP(`value`, '^[^\uFFFD]*$')",)
"""In UTF-8, for what is not has become U+FFFD; that a record has its columns shows in them."""

_REFERENCE = {"time": 0, "reviewer": 1, "stars": 3, "product": 4}
_SPECIAL = set("\\^$.|?*+()[]{}-&")


def layouts(columns: Mapping[str, str | int]) -> Layouts:
    """The layouts that messages may have.

    Args:
        columns: Fields that a user has mapped, all by number.

    Raises:
        BadSetting: a field is mapped by name, or a needed one is not mapped.
    """
    for field, place in columns.items():
        if not isinstance(place, int):
            raise BadSetting(
                f"CSV in Kafka has no header, so its {field} cannot be called {place!r}",
                hint=f"Give its number from 0, as --column {field}=0",
            )
    if not columns:
        return ((4, {name: place for place, name in enumerate(UNNAMED)}), (5, _REFERENCE))
    numbers = {name: int(place) for name, place in columns.items()}
    taken = set(numbers.values())
    usual = {f: i for i, f in enumerate(UNNAMED) if f not in numbers and i not in taken}
    four = {**usual, **numbers}
    found = []
    if max(taken) < len(UNNAMED) and all(name in four for name in NEEDED):
        found.append((len(UNNAMED), four))
    if all(name in numbers for name in NEEDED):
        found.append((0, numbers))
    if not found:
        raise BadSetting(
            "the columns of product and stars are not both known",
            hint="Say where they stand, as --column product=1 --column stars=2 (from 0)",
        )
    return found


def field_text(name: str, columns: Mapping[str, str | int], delimiter: str) -> str:
    """A field without quotes and escapes; null where it is not there.

    Args:
        name: The field.
        columns: Fields that a user has mapped, all by number.
        delimiter: The character between columns.
    """
    found = [
        f"REGEXP_EXTRACT(`value`, {literal(pattern(width, each[name], delimiter))}, 1)"
        for width, each in layouts(columns)
        if name in each
    ]
    if not found:
        return "CAST(NULL AS STRING)"
    return _plain(found[0] if len(found) == 1 else f"COALESCE({', '.join(found)})")


def pattern(width: int, place: int, delimiter: str) -> str:
    """What matches a whole record and takes one column of it.

    Args:
        width: The number of columns; 0: at least as many as are needed.
        place: The column, from 0.
        delimiter: The character between columns.

    >>> import re
    >>> re.match(pattern(3, 1, ","), 'a,"b, c",d')[1]
    '"b, c"'
    """
    between = f"\\{delimiter}" if delimiter in _SPECIAL else delimiter
    one = rf'"(?:[^"\\]|""|\\[\s\S])*"|(?!")(?:[^{between}\\\r\n]|\\[\s\S])*'
    skipped = f"(?:{one})"
    before = f"{skipped}{between}" * place
    after = f"(?:{between}{skipped})*" if not width else f"{between}{skipped}" * (width - place - 1)
    return rf"^\s*{before}({one}){after}\s*$"


def _plain(text: str) -> str:
    inner = f"REGEXP_EXTRACT({text}, '^\"?([\\s\\S]*?)\"?$', 1)"
    return f"REGEXP_REPLACE(REPLACE({inner}, '\"\"', '\"'), '(?<!\\\\)\\\\(?=[\\s\\S])', '')"
