"""Settings as TOML: a commented sample of all of them, and those in force."""

import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from pydantic import BaseModel, SecretStr
from pydantic.fields import FieldInfo

from starwatch.settings.job import rules_of
from starwatch.settings.secrets import MASK, is_secret, without_secrets
from starwatch.settings.sections import DEFAULT_SOURCE, SinkSection, SourceSection
from starwatch.settings.sources import JobSettings, Settings
from starwatch.windows.job import Job

_LISTS: Mapping[str, type[BaseModel]] = {"source": SourceSection, "sink": SinkSection}

_DEFAULT = "default"
_REMEMBERED = "default, unless the state remembers another"
"""Behind what a state keeps from run to run, and `config show` does not look into a state."""


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


def shown(settings: Settings, job: Job) -> str:
    """The settings in force as TOML, secrets masked; what nobody set is marked as a default.

    Args:
        settings: What file and environment say.
        job: The rules that a service has by them: some defaults follow from other settings.
    """
    given = settings.model_dump(exclude_none=True, include=set(JobSettings.model_fields))
    rules = [(k, given.get(k, v), "" if k in given else _DEFAULT) for k, v in rules_of(job).items()]
    lines = [_line(*rule) for rule in rules]
    lines += [f"{name} = []" for name in _LISTS if _is_emptied(settings, name)]
    for name in Settings.model_fields:
        if name not in JobSettings.model_fields:
            head = f"[[{name}]]" if name in _LISTS else f"[{name}]"
            for section in _sections(settings, name):
                lines += ["", head, *(_line(*each) for each in _values(section))]
    return "\n".join(lines).strip() + "\n"


def _is_emptied(settings: Settings, name: str) -> bool:
    """Whether somebody said that there is none: that is another thing than the default."""
    return name in settings.model_fields_set and not getattr(settings, name)


def _sections(settings: Settings, name: str) -> Iterable[BaseModel]:
    """The sections of a name that are in force; one that nobody set has no fields set."""
    if name == "source" and name not in settings.model_fields_set:
        return [SourceSection.model_construct(_fields_set=set(), url=DEFAULT_SOURCE)]
    value = getattr(settings, name)
    return value if name in _LISTS else [value]


def _values(section: BaseModel) -> Iterator[tuple[str, Any, str]]:
    """Keys, what they are, and what is to be said of that."""
    fields = type(section).model_fields
    for key, value in section:
        if value is None:
            yield key, (fields[key].examples or [""])[0], _REMEMBERED
        else:
            yield key, value, _DEFAULT if key not in section.model_fields_set else ""


def _line(key: str, value: Any, remark: str) -> str:
    line = f"{key} = {_toml(_masked(key, value))}"
    return f"{line}  # {remark}" if remark else line


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
