"""The sections of `starwatch.toml` besides the rules of the job: what a service is made of."""

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

DEFAULT_SOURCE = "mqtt://127.0.0.1:1883/ratings"
"""Where ratings come from if nobody says anything else."""


class _Section(BaseModel):
    model_config = ConfigDict(extra="forbid")


class StateSection(_Section):
    """Where everything is kept that a crash must not lose."""

    dir: str = Field(default="./starwatch-state", description="The state directory.")
    keep: str | None = Field(
        default=None,
        description="How long sealed ratings and short panes are kept.",
        examples=["7d"],
    )
    keep_size: str | None = Field(
        default=None, description="How much ratings and panes may take.", examples=["10GB"]
    )
    backlog: str = Field(
        default="2GB", description="How much may wait for sinks that are away; the oldest goes."
    )


class SourceSection(BaseModel):
    """A live source; further keys are its own options."""

    model_config = ConfigDict(extra="allow")

    url: str = Field(
        description="mqtt://HOST:PORT/TOPIC or kafka://HOST:PORT/TOPIC.",
        examples=["mqtt://127.0.0.1:1883/ratings"],
    )

    def options(self) -> dict[str, Any]:
        """The further keys."""
        return dict(self.model_extra or {})


class SinkSection(BaseModel):
    """Where window rows go; further keys are its own options."""

    model_config = ConfigDict(extra="allow")

    url: str = Field(
        description="A URL, or a file as jsonl:w.jsonl.", examples=["jsonl:windows.jsonl"]
    )

    def options(self) -> dict[str, Any]:
        """The further keys."""
        return dict(self.model_extra or {})


class LogSection(_Section):
    """What is logged, on standard error."""

    format: Literal["text", "json"] = Field(
        default="text", description="Lines for people or machines."
    )
    level: Literal["debug", "info", "warning", "error"] = Field(
        default="info", description="From which level on."
    )


class PrivacySection(_Section):
    """What becomes of reviewer ids before anything is kept."""

    reviewers: Literal["keep", "hash", "drop"] = Field(
        default="keep", description="As they came, hashed with a key of the state, or not at all."
    )
