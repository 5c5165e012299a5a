"""What is wrong with settings, said by the name under which somebody gave them."""

import difflib
import os
import re
from collections.abc import Sequence
from typing import Any

from pydantic import BaseModel, ValidationError
from pydantic_settings import SettingsError

from starwatch.errors import BadSetting
from starwatch.settings.job import ENVIRONMENT
from starwatch.settings.variables import NO_SETTINGS

_SAMPLE = "`starwatch config init -` prints every setting with what it takes"


def refuse_unknown_variables(settings: type[BaseModel]) -> None:
    """Refuse variables that look like settings and are none: the library passes them over.

    Raises:
        BadSetting: there is one.
    """
    for name in os.environ:
        if name in NO_SETTINGS:
            continue
        key = name.lower().removeprefix(ENVIRONMENT.lower()).partition("__")[0]
        if name.upper().startswith(ENVIRONMENT) and key not in settings.model_fields:
            near = difflib.get_close_matches(key, settings.model_fields, n=1)
            known = ", ".join(settings.model_fields)
            raise BadSetting(
                f"the environment variable {name} is no setting",
                hint=f"Did you mean {ENVIRONMENT}{near[0].upper()}?"
                if near
                else f"Known, behind {ENVIRONMENT}: {known}",
            )


def explained(error: ValidationError, settings: type[BaseModel], config: str | None) -> BadSetting:
    """The first fault, with its key, and the variable or file where it stands."""
    first = error.errors()[0]
    path = first["loc"]
    key = ".".join(map(str, path))
    variable = _variable(path)
    where = f" in {config}" if config and not variable else ""
    if first["type"] == "extra_forbidden":
        known = _known_keys(path[:-1], settings)
        if variable == _name(path):
            near = difflib.get_close_matches(str(path[-1]), known, n=1)
            meant = f"Did you mean {_name([*path[:-1], near[0]])}? " if near else ""
            return BadSetting(
                f"the environment variable {variable} is no setting",
                hint=f"{meant}Known, behind {_name(path[:-1])}__: {', '.join(known).upper()}",
            )
        what = f"the key {key!r} of the environment variable {variable}" if variable else ""
        return BadSetting(
            f"{what or f'the key {key!r}{where}'} is unknown",
            hint=f"Known keys: {', '.join(known)}",
        )
    what = f"the environment variable {variable}" if variable else f"the setting {key!r}{where}"
    said = first["msg"].removeprefix("Value error, ")
    return BadSetting(f"{what} cannot be used: {said[:1].lower()}{said[1:]}", hint=_SAMPLE)


def unreadable(error: SettingsError) -> BadSetting:
    """A variable that stands for a list or a section, and is no JSON."""
    found = re.search(r'field "(\w+)"', str(error))
    return BadSetting(
        f"the environment variable {_name([found[1]] if found else [])} cannot be read",
        hint="There a list or a section is JSON; one key of a section has a variable of its own, as"
        f" {ENVIRONMENT}HTTP__PORT",
    )


def _variable(path: Sequence[str | int]) -> str:
    """The variable that sets what stands at a path; empty if it is a file."""
    given = {name.upper(): value for name, value in os.environ.items()}
    if _name(path) in given:
        return _name(path)
    for length in range(len(path) - 1, 0, -1):  # a whole section or list, as JSON
        name = _name(path[:length])
        is_list = isinstance(path[length], int)
        if name in given and (is_list or f'"{path[length]}"' in given[name]):
            return name
    return ""


def _name(path: Sequence[str | int]) -> str:
    return ENVIRONMENT + "__".join(map(str, path)).upper()


def _known_keys(path: Sequence[str | int], settings: type[BaseModel]) -> list[str]:
    """The keys that can stand where an unknown one did."""
    section = settings.model_fields[str(path[0])].annotation if path else settings
    fields: dict[str, Any] = getattr(section, "model_fields", {})
    return list(fields)
