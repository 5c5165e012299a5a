"""A list, where a TOML file may have a text and the environment has nothing else."""

import json
from typing import Any


def several(value: Any) -> Any:
    """One, or several with spaces between them, or a list in JSON; what is no text is left alone.

    >>> several("1h 1d/1h"), several('["/ratings", "/amazon"]')
    (['1h', '1d/1h'], ['/ratings', '/amazon'])
    """
    if not isinstance(value, str):
        return value
    text = value.strip()
    if not text.startswith("["):
        return text.split()
    try:
        return json.loads(text)
    except ValueError:
        raise ValueError(f"{text} is no list in JSON") from None
