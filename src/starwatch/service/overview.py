"""A state directory as a person asks about it: its database, its files, who writes to it."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from starwatch.errors import BadState
from starwatch.journal.lock import writer_of
from starwatch.journal.places import DATABASE
from starwatch.journal.survey import Survey, survey


@dataclass(frozen=True, slots=True)
class Overview:
    """A state directory at one moment.

    Attributes:
        directory: Where it is.
        writer: The process id of who writes to it, None if nobody does.
        survey: What its database says.
        sizes: Bytes on the disk of the database, and of each folder.
    """

    directory: Path
    writer: str | None
    survey: Survey
    sizes: dict[str, int]

    @property
    def finished(self) -> bool:
        """Whether the last input of all is committed."""
        return bool(self.survey.facts.get("finished"))


def overview(directory: Path) -> Overview:
    """Look at a state directory, also while another process writes to it.

    Raises:
        MissingInput: there is none.
        BadState: it is broken, or no run has begun in it.
    """
    found = survey(directory / DATABASE)
    if "job" not in found.facts:
        raise BadState(f"no run has begun in {directory} yet", hint="Start the run that makes it")
    return Overview(directory, writer_of(directory), found, _sizes(directory))


def _sizes(directory: Path) -> dict[str, int]:
    beside = [directory / f"{DATABASE}{end}" for end in ("", "-wal", "-shm")]
    folders = sorted(path for path in directory.iterdir() if path.is_dir())
    return {DATABASE: sum(map(_size, beside))} | {
        folder.name: sum(map(_size, _files(folder))) for folder in folders
    }


def _files(folder: Path) -> Iterator[Path]:
    return (path for path in folder.rglob("*") if path.is_file())


def _size(path: Path) -> int:
    """Its bytes; a file that a running job has just removed has none."""
    try:
        return path.stat().st_size
    except FileNotFoundError:
        return 0
