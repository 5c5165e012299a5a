"""Run the notebooks of docs/notebooks from top to bottom and write them with what they print.

`make notebook` writes them in their place; with a folder, the executed ones go there.
"""

import os
import sys
import tempfile
from pathlib import Path

import nbformat
from nbclient import NotebookClient
from nbformat import NotebookNode
from traitlets.config import Config

NOTEBOOKS = Path(__file__).parent / "notebooks"

SECONDS = 300
"""For one cell; the longest takes two, and machines may be busy."""

OWN = ("IPYTHONDIR", "JUPYTER_CONFIG_DIR", "JUPYTER_DATA_DIR", "JUPYTER_RUNTIME_DIR")
"""Folders in which a user's settings and kernels could change what a notebook prints."""


def executed(file: Path, folder: Path) -> NotebookNode:
    """A notebook as it is after a run in a new kernel.

    Nothing of the run is in it that another run would not bring: no times and no version of Python.

    Args:
        file: The notebook, which stays as it is.
        folder: Empty, for the kernel; by a socket in it the two talk, so no port is opened.
    """
    notebook = nbformat.read(file, as_version=4)
    kernel = notebook.metadata.kernelspec
    sockets = {"transport": "ipc", "connection_file": str(folder / "k")}
    NotebookClient(
        notebook,
        timeout=SECONDS,
        record_timing=False,
        coalesce_streams=True,  # else it is chance into how many pieces an output falls
        config=Config({"KernelManager": sockets}),
    ).execute()
    notebook.metadata = {"kernelspec": kernel, "language_info": {"name": "python"}}
    for cell in notebook.cells:
        cell.metadata = {}
    return notebook


def main(target: Path) -> None:
    """Run them all, and write them into a folder."""
    for file in sorted(NOTEBOOKS.glob("*.ipynb")):
        with tempfile.TemporaryDirectory() as folder:
            os.environ |= dict.fromkeys(OWN, folder) | {"COLUMNS": "100", "NO_COLOR": "1"}
            notebook = executed(file, Path(folder))
        nbformat.write(notebook, target / file.name)
        print(f"wrote {file.name}")


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else NOTEBOOKS)
