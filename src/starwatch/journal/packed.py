"""Backups that are one file: how their names end, and that they are no state before unpacking."""

from pathlib import Path

from starwatch.errors import BadSetting

ARCHIVES = {".tar": "w", ".tar.gz": "w:gz", ".tgz": "w:gz"}
"""Endings of names that become one file, and how `tarfile` is to write it."""

_OTHERS = (".zip", ".7z", ".rar", ".gz", ".bz2", ".xz", ".zst", ".lz4", ".tbz", ".tbz2", ".txz")
"""Endings by which a user means one file too, but of a kind that is not written."""


def refuse_archive(path: Path) -> None:
    """Refuse a backup that is one file where a state is asked for.

    Raises:
        BadSetting: it is one.
    """
    if path.name.lower().endswith(tuple(ARCHIVES)) and path.is_file():
        raise BadSetting(
            f"{path} is a backup in one file, and no state",
            hint=f"Unpack it, `tar -xf {path}`, and give --state the folder that was in it",
        )


def archive_mode(path: Path) -> str | None:
    """How a backup of a name is packed by `tarfile`; None where it is a folder.

    Raises:
        BadSetting: its name ends as that of one file, but none that is written.
    """
    name = path.name.lower()
    if name.endswith(_OTHERS) and not name.endswith(tuple(ARCHIVES)):
        raise BadSetting(
            f"a backup cannot be {path.suffix}",
            hint="Name a folder, or a file that ends in .tar, .tar.gz or .tgz",
        )
    return next((mode for end, mode in ARCHIVES.items() if name.endswith(end)), None)
