"""What reads of a database are made with."""

from collections.abc import Generator, Sequence
from typing import Any, Protocol


class Read(Protocol):
    """Runs a query; errors of the database come as ours."""

    def __call__(self, query: str, values: Sequence[Any] = ()) -> Generator[Any, None, None]:
        """The rows of a query."""
