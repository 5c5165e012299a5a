"""Fields of a rating out of JSON, as expressions over the column `value`.

The brackets around the message see to it that it is one object and nothing else: with anything
behind the object the whole is no JSON, or an array of two.
"""

import re

from starwatch.flink.text import literal

WHOLE = "'[' || `value` || ']'"
"""The message as the only element of an array."""

READABLE = (
    r"REGEXP(`value`, '^\s*\{[^\uFFFD]*$')",
    f"NOT JSON_EXISTS({WHOLE}, '$[1]')",
)
"""An object; in UTF-8, for what is not has become U+FFFD; nothing behind it."""

PARSED = f"({WHOLE}) IS JSON ARRAY"


def field_text(name: str) -> str:
    """The value under a name as text: of a text, a number, true or false; else null.

    Args:
        name: As it stands in messages, capitals and all.

    >>> print(field_text("rating"))
    JSON_VALUE('[' || `value` || ']', '$[0].rating')
    """
    if re.fullmatch("[A-Za-z_][A-Za-z0-9_]*", name):
        path = f"$[0].{name}"
    else:
        escaped = name.replace("\\", "\\\\").replace("'", "\\'")
        path = f"$[0]['{escaped}']"
    return f"JSON_VALUE({WHOLE}, {literal(path)})"
