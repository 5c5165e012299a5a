"""The option of commands that read a state directory."""

from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from starwatch.journal.store import Journal

state_option = click.option(
    "--state", required=True, metavar="DIR", help="The state directory; it may be in use."
)


def refuse_inside(target: str, state: str) -> None:
    """Refuse to write into a state directory: it would destroy what is there, or be swept away.

    Raises:
        BadSetting: the target lies in it.
    """
    from starwatch.errors import BadSetting  # noqa: PLC0415 - only when a command runs

    if Path(target).resolve().is_relative_to(Path(state).resolve()):
        raise BadSetting(f"{target} lies in the state itself", hint="Name a place outside of it")


@contextmanager
def reading(state: str) -> Iterator["Journal"]:
    """The journal of a state directory, to read from."""
    from starwatch.journal.places import DATABASE  # noqa: PLC0415
    from starwatch.journal.store import Journal  # noqa: PLC0415 - imports pyarrow

    with closing(Journal(Path(state) / DATABASE, reading=True)) as journal:
        yield journal


def job_of(journal: "Journal", state: str) -> dict[str, Any]:
    """The rules of the job that a state belongs to.

    Raises:
        BadState: no run has begun in it.
    """
    from starwatch.errors import BadState  # noqa: PLC0415 - only when a command runs

    job: dict[str, Any] | None = journal.fact("job")
    if job is None:
        raise BadState(f"no run has begun in {state} yet", hint="Start the run that makes it")
    return job


def names_by_partition(journal: "Journal") -> list[str]:
    """What each partition is called, by its number."""
    names = {number: position.name for number, position in journal.positions().items()}
    for number, file in enumerate(journal.fact("files") or []):
        names[number] = file["path"]
    return [names.get(number, "") for number in range(max(names, default=-1) + 1)]
