"""Files that appear under their name when they are whole."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from starwatch.disk import sync_folder
from starwatch.sinks.files import opening, refuse_folder, writing


@contextmanager
def whole_file(target: str) -> Iterator[Path]:
    """A path to write to, which gets its name at the end, and is removed after an error.

    A target that is no regular file, such as a pipe, is written directly.

    Args:
        target: Where to; a file that is there is replaced, links are followed.

    Raises:
        BadSetting: it cannot be written there.
        OutputFailed: the disk is full or fails.
    """
    path = Path(os.path.realpath(target))
    with opening(target):
        refuse_folder(path)
        if path.exists() and not path.is_file():
            part = path
        else:
            part = path.with_name(f"{path.name}.part")
            part.open("wb").close()
    if part == path:
        yield path
        return
    try:
        with writing(target):
            yield part
            with part.open("rb+") as file:
                os.fsync(file.fileno())
            part.replace(path)
            sync_folder(path.parent)
    finally:
        part.unlink(missing_ok=True)
