"""The section `[http]` of `starwatch.toml`: where the HTTP door listens, and how much it takes."""

import re
from collections.abc import Callable
from typing import Annotated

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, SecretStr
from pydantic_settings import NoDecode

from starwatch.errors import BadSetting
from starwatch.ratings.durations import duration_ms
from starwatch.ratings.sizes import size_bytes
from starwatch.settings.several import several

_TAKEN = (
    *("/", "/product", "/compare", "/pipeline", "/rejects", "/login", "/logout"),
    *("/healthz", "/readyz", "/metrics", "/openapi.json"),
)
_TAKEN_BELOW = ("/api/", "/static/")

_PREFIX = re.compile(r"(/[A-Za-z0-9._~-]+)+")


def _posted_to(path: str) -> str:
    if not path.startswith("/") or not path.isprintable() or set(path) & set("{}?# "):
        raise ValueError(f"{path!r} is no path; write one like /ratings")
    if path in _TAKEN or path.startswith(_TAKEN_BELOW):
        raise ValueError(f"{path} is answered by Starwatch itself")
    return path


def _put_before(prefix: str) -> str:
    prefix = prefix.rstrip("/")
    if prefix and not _PREFIX.fullmatch(prefix):
        raise ValueError(f"{prefix!r} is no path prefix; write one like /shop")
    return prefix


def _shown_in_a_header(token: SecretStr) -> SecretStr:
    """Refuse what no client could show; the message may not hold any of it."""
    if not all("!" <= letter <= "~" for letter in token.get_secret_value()):
        raise ValueError("a token has no spaces, no line ends, and ASCII characters alone")
    return token


def _above_zero(read: Callable[[str], int]) -> AfterValidator:
    """A text that can be read, and is more than nothing."""

    def checked(text: str) -> str:
        try:
            value = read(text)
        except BadSetting as error:
            raise ValueError(str(error)) from None
        if value <= 0:
            raise ValueError(f"{text!r} is not above zero")
        return text

    return AfterValidator(checked)


_Path = Annotated[str, AfterValidator(_posted_to)]
_Prefix = Annotated[str, AfterValidator(_put_before)]
_Size = Annotated[str, _above_zero(size_bytes)]
_Duration = Annotated[str, _above_zero(duration_ms)]


class HttpSection(BaseModel):
    """The HTTP door, health, metrics and the page."""

    model_config = ConfigDict(extra="forbid")

    enabled: bool = Field(default=True, description="Whether to listen at all.")
    host: str = Field(default="127.0.0.1", description="Address to listen on; others need a token.")
    port: int = Field(
        default=8321, ge=0, le=65535, description="Port to listen on; 0 takes a free one."
    )
    path: Annotated[list[_Path], NoDecode, BeforeValidator(several)] = Field(
        default=["/ratings"],
        min_length=1,
        description="Where ratings are posted to; a path, or several.",
    )
    token: Annotated[SecretStr, AfterValidator(_shown_in_a_header)] = Field(
        default=SecretStr(""), description="What clients must show; needed beyond loopback."
    )
    prefix: _Prefix = Field(
        default="",
        description="What a proxy puts before all paths in a browser, as /shop.",
    )
    body_size: _Size = Field(
        default="16MiB", description="The largest body, packed and unpacked; 413 beyond."
    )
    body_ratings: int = Field(
        default=100_000, ge=1, description="How many ratings a body may hold; 413 beyond."
    )
    body_timeout: _Duration = Field(
        default="30s", description="How long a body may take to arrive; 408 beyond."
    )
    waiting_size: _Size = Field(
        default="64MiB", description="How much may wait to be committed; 429 beyond."
    )
    commit_timeout: _Duration = Field(
        default="60s", description="How long a post waits for its commit; 503 beyond."
    )
    start_timeout: _Duration = Field(
        default="10s", description="How long a post waits for the service to begin; 503 beyond."
    )
    idempotency_keys: int = Field(
        default=250_000, ge=1, description="Of how many Idempotency-Keys the answers are kept."
    )
    idempotency_age: _Duration = Field(
        default="24h", description="How long the answer of an Idempotency-Key is kept."
    )
    connections: int = Field(
        default=1000, ge=1, description="Connections open at once; a further one is closed."
    )
    header_size: _Size = Field(
        default="32KiB", description="The largest request line with its headers."
    )
    header_timeout: _Duration = Field(
        default="10s", description="How long headers may take to arrive; then the connection ends."
    )
    idle_timeout: _Duration = Field(
        default="60s", description="How long a connection may rest between two requests."
    )
    drain_timeout: _Duration = Field(
        default="5s", description="How long answers under way may take when the service stops."
    )
