"""The sections of `starwatch.toml` besides the rules of the job: what a service is made of."""

from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, SecretStr

DEFAULT_SOURCE = "mqtt://127.0.0.1:1883/ratings"
"""Where ratings come from if nobody says anything else."""

_TAKEN = ("/healthz", "/readyz", "/metrics", "/openapi.json")


class _Section(BaseModel):
    model_config = ConfigDict(extra="forbid")


def _listed(value: Any) -> Any:
    return [value] if isinstance(value, str) else value


def _posted_to(path: str) -> str:
    if not path.startswith("/") or not path.isprintable() or set(path) & set("{}?# "):
        raise ValueError(f"{path!r} is no path; write one like /ratings")
    if path in _TAKEN:
        raise ValueError(f"{path} is answered by Starwatch itself")
    return path


def _shown_in_a_header(token: SecretStr) -> SecretStr:
    """Refuse what no client could show; the message may not hold any of it."""
    if not all("!" <= letter <= "~" for letter in token.get_secret_value()):
        raise ValueError("a token has no spaces, no line ends, and ASCII characters alone")
    return token


_Path = Annotated[str, AfterValidator(_posted_to)]


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


class HttpSection(_Section):
    """The HTTP door, health, metrics and the page."""

    enabled: bool = Field(default=True, description="Whether to listen at all.")
    host: str = Field(default="127.0.0.1", description="Address to listen on; others need a token.")
    port: int = Field(
        default=8321, ge=0, le=65535, description="Port to listen on; 0 takes a free one."
    )
    path: Annotated[list[_Path], BeforeValidator(_listed)] = Field(
        default=["/ratings"],
        min_length=1,
        description="Where ratings are posted to; a path, or several.",
    )
    token: Annotated[SecretStr, AfterValidator(_shown_in_a_header)] = Field(
        default=SecretStr(""), description="What clients must show; needed beyond loopback."
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
