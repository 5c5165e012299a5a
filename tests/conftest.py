import os
from pathlib import Path

import pytest

pytest_plugins = ["live.fixtures"]


@pytest.fixture
def shared_data() -> Path:
    """The folder of real ratings, which is no part of the project."""
    folder = Path(__file__).resolve().parents[1] / "../shared/data"
    if not folder.is_dir():
        if os.environ.get("CI"):
            pytest.fail("the real ratings are missing, and CI leaves out nothing")
        pytest.skip("the real ratings (../shared/data) are not on this machine")
    return folder
