"""A fault in the windows is caught, and so is one in the SQL that proves them.

Faults are planted in a copy of the source. Those in the windows are made by machine: a comparison
that is turned, a number that is one off, a `+` that is a `-`, at places that are spread over every
file that computes something. So nobody chose them to be found.
"""

import ast
import copy
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from commands import T0
from recompute.untidy import OPTIONS, untidy_file

SOURCE = Path(__file__).parents[2] / "src"
WINDOWS = ("contributions", "corrections", "operator", "panel", "spec", "watermark")
A_FILE = 6
"""Faults planted in each file; many times as many places could be chosen."""

TURNED = {
    ast.Lt: ast.LtE,
    ast.LtE: ast.Lt,
    ast.Gt: ast.GtE,
    ast.GtE: ast.Gt,
    ast.Add: ast.Sub,
    ast.Sub: ast.Add,
}

REPLAYS = {
    "by time": ["a.csv", *OPTIONS],
    "side by side": [
        *("a.csv", "b.csv", "--every", "1s", "--start", T0, "--time", "event", "--bound", "9s"),
        *("--window", "20s/10s", "--window", "7s"),
    ],
}
"""What is replayed: one partition with corrections and duplicates, and two with late ratings."""

FREQUENT = ("--commit-ratings", "50", "--seal-ratings", "150", "--snapshot-seconds", "0")
"""Most of a state is sealed, with marks among it, and some of it is not."""

IN_WINDOWS = {
    "the grid": ("spec", "(time_ms - self.offset_ms) // self.slide_ms", " - 1"),
    "the lateness": ("panel", "(before - spec.offset_ms - lateness_ms) // spec.slide_ms", " - 1"),
    "revisions": ("corrections", "revision = nth", " + 1"),
}
"""Faults in the windows: the module, what stands there, and what is put behind it."""

IN_SQL = {
    "a bound that is one off": ("- {rules.bound_ms}, told", "- {rules.bound_ms} - 1, told"),
    "the largest partition": ("THEN least({', '", "THEN greatest({', '"),
    "silent partitions do not hold": ("top_{i} IS NULL, false)", "top_{i} < 0, false)"),
    "a watermark that goes back": ("*, max(wanted_ms) OVER", "*, any_value(wanted_ms) OVER"),
    "ratings that see ahead": ("lag(after_ms) OVER ()", "lead(after_ms, 9) OVER ()"),
    "no horizon": ("first.time_ms + {rules.horizon_ms}", "first.time_ms"),
    "stars are no content": ("THEN stars END AS with_stars", "THEN 0 END AS with_stars"),
    "late too early": ("// {w.slide_ms} + {w.panes})", "// {w.slide_ms} + {w.panes} - 9)"),
    "missed and in": ("(before_ms + {shift}) // {slide})", "(before_ms + {shift}) // {slide} - 1)"),
    "one window too few": ("panes, range({windows.panes})", "panes, range({windows.panes} - 1)"),
    "ends that are one off": ("* {slide} - {shift} AS end_ms", "* {slide} - {shift} + 1 AS end_ms"),
    "lateness twice": ("end_ms + {rules.lateness_ms} AS", "end_ms + 2 * {rules.lateness_ms} AS"),
    "revisions from one": ("row_number() OVER so_far - 1", "row_number() OVER so_far"),
    "stars upside down": ("(stars = {step}) AS", "(stars = {len(columns) - 1 - step}) AS"),
    "corrections alone": ("coalesce(totals.{name}, 0) + count", "count"),
    "a mean that is cut": ("(floor + (twice > parts OR", "(floor + (twice > 2 * parts OR"),
}  # fmt: skip


@pytest.fixture(scope="module")
def scene(tmp_path_factory):
    """Ratings, the rows that the sound source makes of them, and a copy of the source."""
    folder = tmp_path_factory.mktemp("faults")
    shutil.copytree(SOURCE, folder / "src", ignore=shutil.ignore_patterns("__pycache__"))
    untidy_file(folder / "a.csv")
    untidy_file(folder / "b.csv", rows=400, seed=4, pause=30)
    for name in REPLAYS:
        assert replayed(folder, name, "sound.jsonl", "--state", name, *FREQUENT) == 0
        assert verified(folder, name, "sound.jsonl").returncode == 0
        assert state_verified(folder, name).returncode == 0
    return folder


def run(folder, *arguments):
    environment = os.environ | {
        "PYTHONPATH": str(folder / "src"),
        "PYTHONDONTWRITEBYTECODE": "1",
    }
    return subprocess.run(
        [sys.executable, "-m", "starwatch", *arguments],
        cwd=folder, env=environment, capture_output=True, text=True, timeout=20, check=False,
    )  # fmt: skip


def replayed(folder, name, rows, *more):
    fast = ["--as-fast-as-possible", "--quiet", "--output", f"jsonl:{name} {rows}"]
    return run(folder, "replay", *REPLAYS[name], *fast, *more).returncode


def state_verified(folder, name):
    return run(folder, "verify", "--state", name)


def verified(folder, name, rows):
    return run(folder, "verify", *REPLAYS[name], "--against", f"{name} {rows}")


class Planted:
    """A file of the copy with something else in it for a while."""

    def __init__(self, path, text) -> None:
        self._path, self._text = path, text
        self._sound = path.read_text()

    def __enter__(self):
        self._path.write_text(self._text)

    def __exit__(self, *_):
        self._path.write_text(self._sound)


def places(tree):
    """The nodes of a module in which a fault can be planted, and how."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Compare) and type(node.ops[0]) in TURNED:
            yield node, "ops"
        elif isinstance(node, ast.BinOp) and type(node.op) in TURNED:
            yield node, "op"


def faults(name):
    """Texts of a module of `windows`, each with one fault, and the line that it is in."""
    tree = ast.parse((SOURCE / "starwatch" / "windows" / f"{name}.py").read_text())
    number = len(list(places(tree)))
    for nth in sorted({number * i // A_FILE for i in range(A_FILE)}):
        broken = copy.deepcopy(tree)
        node, field = list(places(broken))[nth]
        old = getattr(node, field)
        new = [TURNED[type(old[0])](), *old[1:]] if field == "ops" else TURNED[type(old)]()
        setattr(node, field, new)
        yield node.lineno, ast.unparse(ast.fix_missing_locations(broken))


def caught(folder, name):
    """Whether a fault in the windows changed a row of a replay, which `verify` says exactly then.

    None where the replay failed by itself, as most faults lead to.
    """
    try:
        if replayed(folder, name, "rows.jsonl"):
            return None
    except subprocess.TimeoutExpired:
        return None
    rows, sound = (folder / f"{name} {which}.jsonl" for which in ("rows", "sound"))
    changed = rows.read_bytes() != sound.read_bytes()
    done = verified(folder, name, "rows.jsonl")
    assert done.returncode == changed, done.stdout + done.stderr
    return changed


@pytest.mark.slow
def test_a_fault_in_the_windows_is_caught_wherever_it_changes_a_row(scene):
    found = []
    for module in WINDOWS:
        for line, text in faults(module):
            with Planted(scene / "src" / "starwatch" / "windows" / f"{module}.py", text):
                found += [(module, line) for name in REPLAYS if caught(scene, name)]
    assert len(found) >= 8, found
    assert len({module for module, _ in found}) >= 3, found


@pytest.mark.parametrize("name", IN_WINDOWS)
def test_a_fault_in_the_windows_is_caught(scene, name):
    module, sound, more = IN_WINDOWS[name]
    path = scene / "src" / "starwatch" / "windows" / f"{module}.py"
    text = path.read_text()
    assert sound in text
    with Planted(path, text.replace(sound, sound + more)):
        assert any(caught(scene, replay) for replay in REPLAYS)
        states = [state_verified(scene, replay) for replay in REPLAYS]
    wrong = [done for done in states if done.returncode]
    assert wrong
    for done in wrong:
        assert done.returncode == 1
        assert "what the engine makes of the journal is not what the ratings give" in done.stderr


@pytest.mark.parametrize("name", IN_SQL)
def test_a_fault_in_the_sql_is_caught(scene, name):
    sound, broken = IN_SQL[name]
    folder = scene / "src" / "starwatch" / "recompute"
    (path,) = (path for path in folder.glob("*.py") if sound in path.read_text())
    with Planted(path, path.read_text().replace(sound, broken)):
        assert any(
            "is not what the ratings give" in verified(scene, replay, "sound.jsonl").stderr
            for replay in REPLAYS
        )
