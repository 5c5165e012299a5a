import importlib.metadata
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from starwatch.errors import BadSetting
from starwatch.ports import Cursor, RowContext
from starwatch.sinks import registry
from starwatch.sinks.registry import (
    Output,
    open_lasting,
    open_output,
    parse_output,
    parse_outputs,
    sink_names,
)
from starwatch.windows.job import Job
from starwatch.windows.products import ProductIds

CONTEXT = RowContext(Job(), ProductIds())
PROJECT = Path(__file__).parents[2] / "pyproject.toml"


@pytest.mark.parametrize(
    ("text", "sink", "target"),
    [
        ("jsonl:w.jsonl", "jsonl", "w.jsonl"),
        ("jsonl", "jsonl", "-"),
        ("jsonl:", "jsonl", "-"),
        ("jsonl:-", "jsonl", "-"),
        ("csv:C:\\ratings\\w.csv", "csv", "C:\\ratings\\w.csv"),
        ("log-exact:a:b", "log-exact", "a:b"),
    ],
)
def test_an_output_is_a_sink_and_a_target(text: str, sink: str, target: str) -> None:
    assert parse_output(text) == Output(sink, target)


def test_a_slip_is_answered_with_the_nearest_name_and_all_names() -> None:
    with pytest.raises(BadSetting) as caught:
        parse_output("jsnl:w")
    assert str(caught.value) == (
        "there is no sink 'jsnl'. Did you mean 'jsonl'? An output reads SINK:FILE; "
        f"the sinks are {', '.join(sink_names())}"
    )


def test_a_file_name_alone_is_no_output() -> None:
    with pytest.raises(BadSetting, match=r"An output reads SINK:FILE"):
        parse_output("zzz")


def test_two_outputs_cannot_share_a_target() -> None:
    assert len(parse_outputs(["jsonl:a", "csv:b", "log"])) == 3
    with pytest.raises(BadSetting, match="two outputs would write to a"):
        parse_outputs(["jsonl:a", "csv:a"])
    with pytest.raises(BadSetting, match="two outputs would write to standard output"):
        parse_outputs(["jsonl", "csv:-"])


def test_two_names_of_one_file_are_one_target(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("link").symlink_to("a.jsonl")
    Path("round").symlink_to("round")
    assert len(parse_outputs(["jsonl:a.jsonl", "jsonl:b.jsonl", "csv:sub/a.jsonl"])) == 3
    for other in ("./a.jsonl", "sub/../a.jsonl", f"{tmp_path}/a.jsonl", "link"):
        with pytest.raises(BadSetting, match=f"two outputs would write to {other}"):
            parse_outputs(["jsonl:a.jsonl", f"csv:{other}"])
    assert len(parse_outputs(["jsonl:round", "jsonl:a\0b"])) == 2


def test_the_project_file_announces_what_is_built_in() -> None:
    project = tomllib.loads(PROJECT.read_text(encoding="utf-8"))
    announced = project["project"]["entry-points"]
    assert announced[registry.GROUP] == registry._BUILT_IN  # noqa: SLF001
    assert announced[registry.LASTING_GROUP] == registry._LASTING  # noqa: SLF001


class Announced:
    name = "elsewhere"

    def __init__(self, value: str) -> None:
        self.value = value


def announce(monkeypatch: pytest.MonkeyPatch, *entries: Announced) -> None:
    def entry_points(*, group: str) -> tuple[Announced, ...]:
        return entries if group == registry.GROUP else ()

    monkeypatch.setattr(importlib.metadata, "entry_points", entry_points)


def test_built_in_sinks_need_no_metadata(monkeypatch: pytest.MonkeyPatch) -> None:
    announce(monkeypatch)
    assert sink_names() == ["csv", "jsonl", "log", "log-exact", "parquet"]
    open_output(parse_output("log"), CONTEXT).close()


def test_another_package_can_bring_a_sink(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    announce(monkeypatch, Announced("starwatch.sinks.jsonl:open_sink"))
    assert "elsewhere" in sink_names()
    open_output(parse_output(f"elsewhere:{tmp_path / 'w'}"), CONTEXT).close()
    assert (tmp_path / "w").exists()


def test_a_sink_that_cannot_go_on_after_a_crash_is_refused_with_a_state(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    announce(monkeypatch, Announced("starwatch.sinks.jsonl:open_sink"))
    output = parse_output(f"elsewhere:{tmp_path / 'w'}")
    with pytest.raises(BadSetting, match=r"'elsewhere' cannot be used with --state.*jsonl"):
        open_lasting(output, CONTEXT, Cursor())
    assert not (tmp_path / "w").exists()


def test_a_sink_of_another_package_that_goes_on_is_opened_at_its_cursor(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    entry = Announced("starwatch.sinks.jsonl:open_sink")
    monkeypatch.setattr(importlib.metadata, "entry_points", lambda *, group: (entry,) * bool(group))
    sink = open_lasting(Output("elsewhere", str(tmp_path / "w")), CONTEXT, Cursor(7))
    sink.close()
    assert (sink.name, sink.secured()) == (f"elsewhere:{tmp_path / 'w'}", Cursor(7))


def test_a_missing_package_is_named_with_its_remedy(monkeypatch: pytest.MonkeyPatch) -> None:
    announce(monkeypatch, Announced("no_such_package.sink:make"))
    with pytest.raises(
        BadSetting, match=r"'no_such_package'.*pip install 'starwatch\[elsewhere\]'"
    ):
        open_output(parse_output("elsewhere"), CONTEXT)


def test_only_the_named_sink_is_imported() -> None:
    code = (
        "import sys; from starwatch.sinks.registry import parse_output; parse_output('jsonl')\n"
        "print([m for m in sys.modules if m.startswith(('starwatch.sinks.', 'rich'))])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "['starwatch.sinks.registry']"
