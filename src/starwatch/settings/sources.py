"""Settings from a TOML file and from the environment, by pydantic-settings."""

from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, ValidationError
from pydantic_settings import (
    BaseSettings,
    NoDecode,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    SettingsError,
    TomlConfigSettingsSource,
)

from starwatch.errors import BadSetting, MissingInput
from starwatch.settings.faults import explained, refuse_unknown_variables, unreadable
from starwatch.settings.flink_section import FlinkSection
from starwatch.settings.http_section import HttpSection
from starwatch.settings.job import ENVIRONMENT
from starwatch.settings.sections import (
    LogSection,
    PrivacySection,
    SinkSection,
    SourceSection,
    StateSection,
)
from starwatch.settings.several import several


class JobSettings(BaseSettings):
    """The keys of `starwatch.toml`, and of the environment with `STARWATCH_` before them."""

    model_config = SettingsConfigDict(env_prefix=ENVIRONMENT, extra="forbid")

    window: Annotated[list[str] | None, NoDecode, BeforeValidator(several)] = Field(
        default=None,
        description="Windows, each SIZE/SLIDE[+OFFSET]; a list, or spaces between.",
        examples=[["30s/5s"]],
    )
    scale: str | None = Field(
        default=None, description="Stars: LOWEST..HIGHEST/STEP.", examples=["1..5/1"]
    )
    time: Literal["event", "arrival"] | None = Field(
        default=None, description="The window time.", examples=["event"]
    )
    bound: str | None = Field(
        default=None, description="Out-of-orderness bound, a duration.", examples=["5s"]
    )
    lateness: str | None = Field(
        default=None, description="Allowed lateness, a duration.", examples=["0s"]
    )
    quiet: Literal["advance", "wait"] | None = Field(
        default=None,
        description="Whether the clock closes windows of a quiet stream.",
        examples=["advance"],
    )
    duplicates: Literal["off", "ids", "content"] | None = Field(
        default=None, description="What makes two ratings the same.", examples=["content"]
    )
    horizon: str | None = Field(
        default=None,
        description="How long a rating is remembered, a duration.",
        examples=["1h"],
    )
    max_entries: int | None = Field(
        default=None, ge=1, description="How many are remembered at most.", examples=[4_000_000]
    )


class Settings(JobSettings):
    """All keys of `starwatch.toml`; a replay reads the rules of the job alone."""

    model_config = SettingsConfigDict(
        env_prefix=ENVIRONMENT, env_nested_delimiter="__", extra="forbid"
    )

    source: list[SourceSection] = Field(default=[], description="Live sources.")
    sink: list[SinkSection] = Field(default=[], description="Where window rows go.")
    state: StateSection = StateSection()
    http: HttpSection = HttpSection()
    log: LogSection = LogSection()
    flink: FlinkSection = FlinkSection()
    privacy: PrivacySection = PrivacySection()


def read_settings(config: str | None) -> dict[str, Any]:
    """The rules of the job that file and environment set; the environment wins.

    Raises:
        BadSetting: an unknown key or variable, an impossible value, or no TOML.
        MissingInput: the file is not there.
    """
    return read_all(config).model_dump(exclude_none=True, include=set(JobSettings.model_fields))


def read_all(config: str | None) -> Settings:
    """What file and environment set; the environment wins.

    Raises:
        BadSetting: an unknown key or variable, an impossible value, or no TOML.
        MissingInput: the file is not there.
    """
    refuse_unknown_variables(Settings)
    if config is not None and not Path(config).is_file():
        raise MissingInput(f"the settings file {config} is not there", hint="Check --config")

    class Sourced(Settings):
        @classmethod
        def settings_customise_sources(
            cls,
            settings_cls: type[BaseSettings],
            init_settings: PydanticBaseSettingsSource,
            env_settings: PydanticBaseSettingsSource,
            dotenv_settings: PydanticBaseSettingsSource,
            file_secret_settings: PydanticBaseSettingsSource,
        ) -> tuple[PydanticBaseSettingsSource, ...]:
            del init_settings, dotenv_settings, file_secret_settings
            file = TomlConfigSettingsSource(settings_cls, config) if config else None
            return (env_settings, file) if file else (env_settings,)

    try:
        return Sourced()
    except ValidationError as error:
        raise explained(error, Settings, config) from None
    except SettingsError as error:
        raise unreadable(error) from None
    except ValueError as error:
        raise BadSetting(f"{config or 'the environment'} cannot be read: {error}") from None
