"""`starwatch scenario run`."""

import pytest
from click.testing import CliRunner

from starwatch.cli.scenario import command
from starwatch.errors import BadScript, Mismatch, MissingInput

GOOD = "# All is well\njob\n  windows 10s\nrate A 5\nend\nexpect\n  A 0:00..0:10 mean 5 of 1 (5)\n"
BAD = GOOD.replace("mean 5 of 1 (5)", "mean 4 of 1 (4)")


@pytest.fixture
def files(tmp_path):
    folder = tmp_path / "more"
    folder.mkdir()
    (tmp_path / "good.ratings").write_text(GOOD)
    (folder / "bad.ratings").write_text(BAD)
    (folder / "notes.txt").write_text("not read")
    return tmp_path


def run(*paths):
    return CliRunner().invoke(command, ["run", *map(str, paths)])


def test_a_file_that_holds(files):
    result = run(files / "good.ratings")
    assert result.exit_code == 0
    assert result.output == (
        f"ok      {files}/good.ratings: All is well\n1 scenario: 1 ok, 0 failed\n"
    )


def test_a_folder_with_one_that_fails(files):
    result = run(files)
    assert isinstance(result.exception, Mismatch)
    assert result.exception.exit_code == 1
    assert f"FAILED  {files}/more/bad.ratings:6: the rows differ\n" in result.output
    assert "        - 10s A  0:00..0:10  mean 4 of 1 (4)\n" in result.output
    assert result.output.endswith("2 scenarios: 1 ok, 1 failed\n")


def test_a_script_that_cannot_be_read_stops_all(files):
    (files / "broken.ratings").write_text("# T\nnonsense\n")
    result = run(files)
    assert isinstance(result.exception, BadScript)
    assert result.exception.exit_code == 2
    assert result.output == ""


def test_a_path_that_is_not_there_and_a_folder_without_scenarios(tmp_path):
    assert isinstance(run(tmp_path / "none").exception, MissingInput)
    assert "holds no scenario" in str(run(tmp_path).exception)
