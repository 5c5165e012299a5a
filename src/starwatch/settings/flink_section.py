"""The section [flink]: what is of Flink alone; the rules of the job are those of every engine."""

from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from starwatch.errors import StarwatchError
from starwatch.ratings.durations import duration_ms


def _duration(text: str) -> str:
    try:
        duration_ms(text)
    except StarwatchError as error:
        raise ValueError(error.message) from None
    return text


_CHECKPOINT_MS = range(100, 300_001)
"""Transactions to Kafka are open for up to 600 s, and one lasts until the checkpoint behind it."""


def _checkpoint(text: str) -> str:
    if duration_ms(_duration(text)) not in _CHECKPOINT_MS:
        raise ValueError("it must be from 100ms to 5m")
    return text


class FlinkSection(BaseModel):
    """The same job on Apache Flink."""

    model_config = ConfigDict(extra="forbid")

    prefix: str = Field(
        default="starwatch-",
        pattern=r"^[A-Za-z0-9._-]{0,200}$",
        description="What the topics that the job writes begin with.",
    )
    parallelism: int | None = Field(
        default=None, ge=1, description="Of all operators; else what the cluster has.", examples=[2]
    )
    checkpoint: Annotated[str, AfterValidator(_checkpoint)] = Field(
        default="10s",
        description="From one checkpoint to the next; what is written is seen behind each.",
    )
    idle: Annotated[str, AfterValidator(_duration)] = Field(
        default="30s",
        description="A partition that gave Flink nothing for so long holds nobody up; 0s: it does.",
    )
