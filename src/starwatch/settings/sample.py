"""Settings as TOML: a commented sample of all of them, and those in force."""

import json
from collections.abc import Iterator, Mapping
from typing import Any

from pydantic import BaseModel, SecretStr
from pydantic.fields import FieldInfo

from starwatch.settings.secrets import MASK, is_secret, without_secrets
from starwatch.settings.sections import SinkSection, SourceSection
from starwatch.settings.sources import JobSettings, Settings

_LISTS: Mapping[str, type[BaseModel]] = {"source": SourceSection, "sink": SinkSection}


def sample() -> str:
    """A file in which every setting stands commented out, with its default and what it means."""
    lines = [
        "# Settings of Starwatch. Everything here is commented out and shows the default.",
        "# Flags win over the environment (STARWATCH_BOUND, STARWATCH_HTTP__PORT), that over this.",
        "",
        *_fields(JobSettings.model_fields),
    ]
    for name, field in Settings.model_fields.items():
        if name in JobSettings.model_fields:
            continue
        section: Any = _LISTS.get(name) or field.annotation
        head = f"[[{name}]]" if name in _LISTS else f"[{name}]"
        lines += [f"# {section.__doc__.splitlines()[0]}", f"#{head}"]
        lines += _fields(section.model_fields)
    return "\n".join(lines).rstrip() + "\n"


def shown(settings: Settings) -> str:
    """The settings in force as TOML, secrets masked; what is not set is left out."""
    values = settings.model_dump(exclude_none=True)
    lines = [f"{key} = {_toml(values[key])}" for key in JobSettings.model_fields if key in values]
    for name in Settings.model_fields:
        if name in JobSettings.model_fields or name not in values:
            continue
        listed = values[name] if name in _LISTS else [values[name]]
        head = f"[[{name}]]" if name in _LISTS else f"[{name}]"
        for section in listed:
            lines += ["", head, *(f"{k} = {_toml(_masked(k, v))}" for k, v in section.items())]
    return "\n".join(lines).strip() + "\n"


def _fields(fields: Mapping[str, FieldInfo]) -> Iterator[str]:
    for name, field in fields.items():
        yield f"# {field.description}"
        value = field.examples[0] if field.examples else field.get_default()
        yield f"#{name} = {_toml(_masked(name, value))}"
        yield ""


def _masked(key: str, value: Any) -> Any:
    if isinstance(value, SecretStr):
        return MASK if value.get_secret_value() else ""
    if key == "url":
        return without_secrets(value)
    if isinstance(value, dict):
        return {inner: _masked(inner, each) for inner, each in value.items()}
    return MASK if isinstance(value, str) and value and is_secret(key) else value


def _toml(value: Any) -> str:
    """A value as TOML: its strings and lists are written as JSON writes them."""
    return json.dumps(value, ensure_ascii=False)
