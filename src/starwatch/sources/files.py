"""The files that a command is given, opened by their endings; folders are searched."""

from collections.abc import Iterable, Sequence
from pathlib import Path

from starwatch.codecs.options import InputOptions
from starwatch.errors import BadSetting, MissingInput
from starwatch.ratings.scale import Scale
from starwatch.sources.registry import Source, source_named
from starwatch.sources.streams import PACKERS, missing

_ENDINGS = {
    ".csv": "csv",
    ".tsv": "csv",
    ".jsonl": "jsonl",
    ".ndjson": "jsonl",
    ".json": "jsonl",
    ".parquet": "parquet",
    ".pq": "parquet",
}


def open_files(paths: Sequence[str], options: InputOptions, scale: Scale) -> list[Source]:
    """Open files and the files in folders, in the order given; nothing is read yet.

    A folder stands for the files with known endings in it and below it, sorted by path.

    Args:
        paths: Files and folders.
        options: What the user said about them; `format` holds for files of any ending.
        scale: The scale of their stars.

    Raises:
        MissingInput: a path is not there, or a folder holds no file of a known ending.
        BadSetting: the format of a file is not known.
    """
    found = [(path, format_of(path, options.format)) for given in paths for path in expand(given)]
    return [source_named(name)(path, options, scale) for path, name in found]


def expand(path: str) -> list[str]:
    """A file itself, or the files with known endings in a folder.

    Raises:
        MissingInput: there is no such path, or no such file in the folder.
    """
    try:
        if not Path(path).is_dir():
            Path(path).stat()
            return [path]
    except OSError as error:
        raise missing(path, error) from None
    inside = (file for file in Path(path).rglob("*") if _shown(file.relative_to(path).parts))
    files = sorted(str(file) for file in inside if _known(file) and file.is_file())
    if not files:
        raise MissingInput(
            f"the folder {path} holds no file of ratings",
            hint=f"Files end in {_listed(_ENDINGS)}, packed also in {_listed(PACKERS)}",
        )
    return files


def format_of(path: str, chosen: str | None = None) -> str:
    """The name of a file's format.

    Raises:
        BadSetting: its ending is not known, and no format was chosen.
    """
    name = chosen or _known(Path(path))
    if name is None:
        raise BadSetting(
            f"the ending of {path} does not tell its format",
            hint="Use --format csv, jsonl or parquet",
        )
    return name


def _known(path: Path) -> str | None:
    if path.suffix.lower() not in PACKERS:
        return _ENDINGS.get(path.suffix.lower())
    name = _ENDINGS.get(Path(path.stem).suffix.lower())
    return None if name == "parquet" else name


def _shown(parts: Iterable[str]) -> bool:
    return not any(part.startswith(".") for part in parts)


def _listed(endings: Iterable[str]) -> str:
    return " ".join(endings)
