from pathlib import Path

import pytest

from durable.runs import Scene, undisturbed, untidy_files

ROWS_BY_ROW = ("--rate", "20", "--window", "5s/1s", "--window", "2s")


@pytest.fixture(scope="session")
def reference(tmp_path_factory: pytest.TempPathFactory) -> Scene:
    """A small untidy replay by event time that nobody disturbed."""
    folder = tmp_path_factory.mktemp("reference")
    reference = undisturbed(untidy_files(folder, rows=200, seed=5), folder)
    ledger = reference.told()[0]
    for what in ("duplicate", "late", "rejected"):
        assert f"  +   0 {what}" not in ledger, ledger
    assert "revision" in reference.texts[0].read_text()
    return reference


@pytest.fixture(scope="session")
def by_row(tmp_path_factory: pytest.TempPathFactory) -> Scene:
    """The same files row by row: partitions that join, leave, and hold the watermark."""
    folder = tmp_path_factory.mktemp("by_row")
    return undisturbed(untidy_files(folder, rows=200, seed=6), folder, options=ROWS_BY_ROW)


@pytest.fixture
def scene(reference: Scene, tmp_path: Path) -> Scene:
    """The reference's replay, still to be run."""
    return Scene(reference.files, tmp_path)
