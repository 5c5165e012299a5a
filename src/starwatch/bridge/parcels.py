"""One message on its way, and who takes it on."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from starwatch.errors import StarwatchError


@dataclass(frozen=True, slots=True, eq=False)
class Parcel:
    """One message on its way.

    Attributes:
        payload: As it came.
        value: As it is sent on.
        key: What a target that spreads messages may spread them by.
        settled: To be called once, by any thread: with nothing when the target has it for certain,
            else with the reason for which the target will never take it. Neither blocks nor raises.
    """

    payload: bytes
    value: bytes
    key: bytes | None
    settled: Callable[[str], None]


class Target(Protocol):
    """Where messages go.

    Guarantee: at least once. A target that is away, or answers that it cannot now, is tried until
    it can; what it has not acknowledged is kept, in memory. It says so in the log once.
    """

    @property
    def name(self) -> str:
        """The URL without any secret."""

    @property
    def failure(self) -> StarwatchError | None:
        """Why nothing was ever taken and nothing will be, such as a wrong password."""

    def send(self, parcel: Parcel) -> None:
        """Take a message on; never waits. How many may be in hand is for the caller to bound."""

    def close(self) -> None:
        """Let go: what is not settled now never is. Safe to call twice."""
