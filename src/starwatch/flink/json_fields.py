"""Fields of a rating out of JSON, as expressions over the column `value`.

Flink reads JSON up to the end of the object and overlooks what stands behind it. Nothing does where
the only braces are those around the message. Where there are others, brackets around it tell: with
anything behind the object the whole is no JSON, or an array of two.
"""

import re

from starwatch.flink.text import literal

_WHOLE = "'[' || `value` || ']'"

_FLAT = r"REGEXP(`value`, '^\s*\{[^{}\uFFFD]*\}\s*$')"
_DEEP = (
    r"REGEXP(`value`, '^\s*\{[^\uFFFD]*$')"
    f" AND ({_WHOLE}) IS JSON ARRAY AND NOT JSON_EXISTS({_WHOLE}, '$[1]')"
)

READABLE = (f"({_FLAT} OR {_DEEP})",)
"""An object; in UTF-8, for what is not has become U+FFFD; nothing behind it."""

PARSED = "`value` IS JSON OBJECT"


def field_text(name: str) -> str:
    """The value under a name as text: of a text, a number, true or false; else null.

    Args:
        name: As it stands in messages, capitals and all.

    >>> print(field_text("rating"))
    JSON_VALUE(`value`, '$.rating')
    """
    if re.fullmatch("[A-Za-z_][A-Za-z0-9_]*", name):
        path = f"$.{name}"
    else:
        escaped = name.replace("\\", "\\\\").replace("'", "\\'")
        path = f"$['{escaped}']"
    return f"JSON_VALUE(`value`, {literal(path)})"
