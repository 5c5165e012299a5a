"""Replays with a state as tests start, kill and compare them."""

import os
import random
import signal
import sqlite3
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import pyarrow.parquet as pq

from commands import T0, process, run, starwatch
from starwatch.journal.places import DATABASE

FREQUENT = (
    *("--commit-ratings", "10", "--batch-size", "10"),
    *("--snapshot-seconds", "0", "--seal-ratings", "40", "--merge-files", "3"),
)
"""A commit every ten ratings, a snapshot behind each, and something to seal or to merge now and
then."""

BY_TIME = (
    *("--speed", "3600x", "--order", "file", "--window", "10m/5m", "--window", "1h"),
    *("--bound", "2m", "--lateness", "15m", "--duplicates", "content"),
)
"""Disorder, corrections, late ratings and duplicates: everything that a state has to keep."""


@dataclass(frozen=True, slots=True)
class Scene:
    """Files and options of a replay, and a folder for its outputs and its state."""

    files: tuple[Path, ...]
    folder: Path
    options: tuple[str, ...] = BY_TIME
    fast: bool = True

    @property
    def state(self) -> Path:
        return self.folder / "state"

    @property
    def texts(self) -> tuple[Path, ...]:
        return self.folder / "w.jsonl", self.folder / "w.csv"

    @property
    def parts(self) -> Path:
        return self.folder / "w.parquet"

    def command(self, *more: str) -> list:
        outputs = [f"jsonl:{self.texts[0]}", f"csv:{self.texts[1]}", f"parquet:{self.parts}"]
        pace = ["--as-fast-as-possible"] if self.fast else []
        given = [word for output in outputs for word in ("--output", output)]
        rest = [*pace, "--start", T0, "--quiet", *given, *more]
        return ["replay", *self.files, *self.options, *rest]

    def lasting(self, *more: str) -> list:
        return self.command("--state", str(self.state), *more)

    def told(self) -> list[str]:
        """What the state says of itself: ledger, rejects, late ratings."""
        return [said(command, self.state) for command in ("ledger", "rejects", "late")]

    def rows(self) -> list[dict]:
        """Rows of the Parquet output, a file or a folder of parts."""
        paths = sorted(self.parts.iterdir()) if self.parts.is_dir() else [self.parts]
        return [row for path in paths for row in pq.read_table(path).to_pylist()]

    def assert_like(self, other: "Scene") -> None:
        """Outputs to the byte, Parquet to the row, and books, are those of another run."""
        for mine, theirs in zip(self.texts, other.texts, strict=True):
            assert mine.read_bytes() == theirs.read_bytes(), mine.name
        assert self.rows() == other.rows()
        assert self.told() == other.told()


def said(command: str, state: Path) -> str:
    done = starwatch(command, "--state", state)
    assert (done.code, done.err) == (0, "")
    return done.out


def undisturbed(files, folder: Path, **what) -> Scene:
    """A run that nobody kills; without a state its text outputs are the same."""
    bare, lasting = Scene(files, folder / "bare", **what), Scene(files, folder / "state", **what)
    for scene, command in ((bare, bare.command()), (lasting, lasting.lasting())):
        scene.folder.mkdir()
        done = starwatch(*command)
        assert (done.code, done.out, done.err) == (0, "", "")
    for mine, theirs in zip(bare.texts, lasting.texts, strict=True):
        assert mine.read_bytes() == theirs.read_bytes()
    assert bare.rows() == lasting.rows()
    return lasting


def killed_at(scene: Scene, failpoint: str, *more: str) -> bool:
    """Whether the run came to that failpoint and died there; otherwise it has ended well."""
    env = os.environ | {"STARWATCH_FAILPOINT": failpoint}
    done = run(*scene.lasting(*more), env=env)
    if done.code == -signal.SIGKILL:
        return True
    assert (done.code, done.out) == (0, ""), done.err
    return False


def started(scene: Scene, *more: str, **options):
    return process(*scene.lasting(*more), **options)


def committed(state: Path) -> int:
    """How many ratings and rejects the state holds; -1 before there is one."""
    try:
        with closing(sqlite3.connect(f"file:{state / DATABASE}?mode=ro", uri=True)) as base:
            return base.execute(
                "SELECT coalesce(sum(counted + duplicate + late + rejected + rejects), 0)"
                " FROM positions"
            ).fetchone()[0]
    except sqlite3.OperationalError:
        return -1


def untidy_files(folder: Path, *, rows: int, seed: int, files: int = 2) -> tuple[Path, ...]:
    """Files with disorder, late ratings, duplicates, and lines that are no ratings."""
    chance = random.Random(seed)  # noqa: S311 - the same files every time
    paths = []
    for number in range(files):
        begin = 1_600_000_000 + number * 37
        lines, now = ["user,product,rating,timestamp"], begin
        for row in range(rows):
            now += chance.choice([0, 5, 20, 40])
            late = min(chance.choice([0, 0, 0, 30, 90, 300, 900, 4000]), now - begin)
            user, product, stars = f"u{row % 7}", f"p{chance.randrange(9)}", chance.randint(1, 5)
            lines.append(f"{user},{product},{stars},{now - late}")
            if chance.random() < 0.06:
                lines.append(chance.choice(["no rating", "u,p,9,1600000000", "u,p,5,", "u,,5,1"]))
            if chance.random() < 0.06:
                lines.append(lines[-1])
        path = folder / f"part{number}.csv"
        path.write_text("".join(f"{line}\n" for line in lines))
        paths.append(path)
    return tuple(paths)
