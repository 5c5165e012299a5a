"""How much the HTTP door takes, so that nobody can fill its memory or hold it up."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class DoorLimits:
    """Bounds of the HTTP door; what is beyond them is refused with the status in brackets.

    Attributes:
        body_bytes: A body, also when it was unpacked (413).
        lines: Ratings in a body (413).
        start_seconds: That a post waits for the service to begin (503).
        read_seconds: For a body to arrive (408).
        waiting_bytes: Bodies that were read and not handed over yet (429).
        commit_seconds: For ratings to be committed; it is unknown then whether they will be (503).
        keys: Idempotency keys whose answers are kept; beyond them the oldest go early.
        key_hours: How long an answer is kept.
    """

    body_bytes: int = 16 << 20
    lines: int = 100_000
    start_seconds: float = 10.0
    read_seconds: float = 30.0
    waiting_bytes: int = 64 << 20
    commit_seconds: float = 60.0
    keys: int = 250_000
    key_hours: float = 24.0
