"""`starwatch export`: files of windows against what runs wrote and what they journalled."""

import csv
import io
import json
import re
import sqlite3
from collections import defaultdict
from contextlib import closing

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from commands import T0, csv_file, process, soon, starwatch
from durable.runs import FREQUENT, Scene, untidy_files
from sheets.spreadsheet import cells
from starwatch.journal.entries import SCHEMA
from starwatch.journal.places import DATABASE, RATINGS
from starwatch.journal.store import Journal
from starwatch.ratings.durations import moment_label
from starwatch.ratings.scale import Scale
from starwatch.sinks import tables
from starwatch.windows.spec import WindowSpec

REPLAY = ("replay", "--speed", "1", "--as-fast-as-possible", "--quiet")


@pytest.fixture(scope="module")
def scene(tmp_path_factory):
    """A finished run with late ratings and corrections, its panes in many files."""
    folder = tmp_path_factory.mktemp("export")
    scene = Scene(untidy_files(folder, rows=200, seed=8), folder)
    assert starwatch(*scene.lasting(*FREQUENT)).code == 0
    assert len(list((scene.state / "history").glob("tier=1m/*"))) > 3
    return scene


def export(state, *more):
    """The rows of an export to standard output, as dicts of texts."""
    done = starwatch("export", "--state", state, "--out", "-", *more)
    assert done.code == 0, done.err
    assert re.fullmatch(r"[\d,]+ rows of .*\n", done.err)
    return list(csv.DictReader(io.StringIO(done.out)))


def last_revisions(path):
    """The rows of a run's CSV that hold in the end, in the order of an export."""
    rows = {}
    for row in csv.DictReader(io.StringIO(path.read_text())):
        number = row.pop("revision")
        key = row["end"], row["window"], row["product"].encode()
        rows[key] = (int(number), row)
    assert any(number for number, _ in rows.values())
    return rows


def journalled(state):
    """All counted and late ratings: (product, event time, star)."""
    with closing(Journal(state / DATABASE, reading=True)) as journal:
        sealed = [pq.read_table(state / RATINGS / name, schema=SCHEMA) for name in journal.sealed()]
        rest = [pa.Table.from_batches([entry.ratings]) for _, entry in journal.entries()]
    rows = pa.concat_tables([*sealed, *rest]).to_pylist()
    assert {row["class"] for row in rows} == {0, 1, 2}  # counted, duplicate, late
    return [(r["product"], r["event_ms"], r["stars"]) for r in rows if r["class"] != 1]


def windows_of(state, label):
    """Every rating by itself in each of its windows."""
    spec, sums = WindowSpec.parse(label), defaultdict(lambda: [0] * 5)
    for product, time, star in journalled(state):
        first = spec.last_end_at(time) + 1
        for end in map(spec.end_ms, range(first, first + spec.panes)):
            sums[moment_label(end), product][star] += 1
    return dict(sums)


def stars(rows):
    return {
        (row["end"], row["product"]): [int(row[f"stars_{star}"]) for star in range(1, 6)]
        for row in rows
    }


def test_as_emitted_is_what_the_run_wrote(scene):
    rows = export(scene.state, "--as-emitted")
    held = last_revisions(scene.texts[1])
    labels = {"10m/5m": 0, "1h/1h": 1}
    order = sorted(held, key=lambda key: (key[0], labels[key[1]], key[2]))
    assert rows == [held[key][1] for key in order]


@pytest.mark.parametrize(
    ("label", "panes"),
    [
        *[("10m/5m", "5m"), ("1h/5m", "5m"), ("6m/3m+1m", "1m"), ("1d/1h", "1h")],
        *[("2d/4h+1h", "1h"), ("3d/1d", "1d"), ("1w/5m", "5m")],
    ],
)
def test_complete_windows_hold_every_rating(scene, label, panes):
    done = starwatch("export", "--state", scene.state, "--out", "-", "--window", label)
    assert f"of panes of {panes}; complete: every rating" in done.err
    assert stars(csv.DictReader(io.StringIO(done.out))) == windows_of(scene.state, label)


def test_from_and_to_take_windows_that_lie_within(scene):
    begin, end = "2020-09-13T12:50:00.000Z", "2020-09-13T13:40:00.000Z"
    every = export(scene.state, "--window", "20m/5m")
    some = export(scene.state, "--window", "20m/5m", "--from", begin, "--to", end)
    assert some == [row for row in every if row["start"] >= begin and row["end"] <= end]
    assert begin in {row["start"] for row in some}
    assert end in {row["end"] for row in some}
    assert len(some) < len(every)


def test_one_product_and_another(scene):
    every = export(scene.state)
    some = export(scene.state, "--product", "p3", "--product", "p7", "--product", "it's not there")
    assert some == [row for row in every if row["product"] in {"p3", "p7"}]
    assert some


def test_parquet_has_the_same_rows_with_their_types(scene, tmp_path):
    file = tmp_path / "means.parquet"
    assert starwatch("export", "--state", scene.state, "--out", file, "--as-emitted").code == 0
    table = pq.read_table(file)
    held = [field for field in tables.schema(Scale()) if field.name != "revision"]
    assert list(table.schema) == held
    assert table.schema.metadata[b"starwatch.values"].startswith(b"as emitted")
    assert table.schema.metadata[b"starwatch.windows"] == b"10m/5m, 1h/1h"
    emitted = {
        (row["window"], row["product"], row["start"]): (row["revision"], row)
        for row in sorted(scene.rows(), key=lambda row: row["revision"])
    }
    rows = {(row["window"], row["product"], row["start"]): row for row in table.to_pylist()}
    assert rows.keys() == emitted.keys()
    for key, row in rows.items():
        assert row | {"revision": emitted[key][0]} == emitted[key][1]


def test_excel_keeps_ids_as_text_and_says_what_it_holds(tmp_path):
    ids = ["0000143502", "=1+1", "<r>x</r>", "143502"]
    lines = [f"u{row},{ids[row % 4]},{row % 5 + 1},{1_600_000_000 + row}" for row in range(40)]
    file = csv_file(tmp_path / "f.csv", "user,product,rating,timestamp", *lines)
    starwatch(*REPLAY, file, "--state", tmp_path / "s")
    out = tmp_path / "means.xlsx"
    done = starwatch("export", "--state", tmp_path / "s", "--out", out)
    assert done.code == 0, done.err
    sheet = cells(out, "xl/worksheets/sheet1.xml")
    rows = export(tmp_path / "s")
    for number, row in enumerate(rows, start=2):
        kind, text, formula = sheet[f"B{number}"]
        assert (kind, text, formula) == ("inlineStr", row["product"], "")
        assert (float(sheet[f"K{number}"][1]), sheet[f"E{number}"][1]) == (
            *(float(row["mean"]), row["count"]),
        )
    assert f"A{len(rows) + 2}" not in sheet
    about = {text for _, text, _ in cells(out, "xl/worksheets/sheet2.xml").values()}
    assert {"complete: every rating by its window time, late ones too", "30s/5s"} <= about


def test_a_sheet_that_is_too_small_is_refused_before_anything_is_written(
    scene, tmp_path, monkeypatch
):
    out = tmp_path / "means.xlsx"
    out.write_text("old")
    number = len(export(scene.state))
    for room, code in ((number - 1, 2), (number, 0)):
        monkeypatch.setattr("starwatch.exports.excel.MAX_ROWS", room)
        done = starwatch("export", "--state", scene.state, "--out", out)
        assert done.code == code, done.err
        assert done.err.startswith("error: there are more windows than") == bool(code)
        assert (out.read_bytes() == b"old") == bool(code)


def test_names_come_from_the_catalogue_of_the_state(tmp_path):
    lines = [f"u,p{row % 3},5,{1_600_000_000 + row}" for row in range(30)]
    file = csv_file(tmp_path / "f.csv", "user,product,rating,timestamp", *lines)
    names = csv_file(
        tmp_path / "c.csv", "product,name,category", 'p0,"Lamp, ""old""",home', "p1,Tea,", "p9,No,x"
    )
    state = tmp_path / "s"
    starwatch(
        *REPLAY,
        *(file, "--state", state, "--catalogue", names, "--window", "30s/5s"),
    )
    rows = export(state)
    assert list(rows[0])[-3:] == ["mean", "name", "category"]
    known = {row["product"]: (row["name"], row["category"]) for row in rows}
    assert known == {"p0": ('Lamp, "old"', "home"), "p1": ("Tea", ""), "p2": ("", "")}
    out = tmp_path / "w.parquet"
    assert starwatch("export", "--state", state, "--out", out).code == 0
    known = {
        row["product"]: (row["name"], row["category"]) for row in pq.read_table(out).to_pylist()
    }
    assert known == {"p0": ('Lamp, "old"', "home"), "p1": ("Tea", None), "p2": (None, None)}


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ("--window 7s --out w.csv", "cannot be put together of panes of 1m, 5m, 1h, 1d"),
        ("--window 7 --out w.csv", "the window '7' cannot be read"),
        ("--out w.txt", "the ending of w.txt does not tell its format"),
        ("--out - --format xlsx", "xlsx cannot go to standard output"),
        ("--out no/w.csv", "the output 'no/w.csv' cannot be opened: no such file or directory"),
        ("--out . --format csv", "is a directory"),
        ("--out w.csv --from noon", "the moment 'noon' cannot be read"),
        ("--out w.csv --from 2026-02-01 --to 2026-01-01", "2026-02-01 is not before --to 2026-01"),
        ("--out w.csv --memory much", "'much' is no amount of memory"),
    ],
)
def test_what_cannot_be_is_one_line(scene, tmp_path, monkeypatch, words, said):
    monkeypatch.chdir(tmp_path)
    done = starwatch("export", "--state", scene.state, *words.split())
    assert (done.code, done.out) == (2, "")
    assert re.fullmatch(r"error: .*\. .*\n", done.err), done.err
    assert said in done.err
    assert list(tmp_path.iterdir()) == []


def test_no_state_and_broken_panes_are_one_line_and_leave_what_was_there(tmp_path):
    lines = [f"u,p{row % 3},5,{1_600_000_000 + row}" for row in range(30)]
    file = csv_file(tmp_path / "f.csv", "user,product,rating,timestamp", *lines)
    state, out = tmp_path / "s", tmp_path / "w.csv"
    done = starwatch("export", "--state", state, "--out", out)
    assert (done.code, done.err.count("\n")) == (2, 1)
    starwatch(*REPLAY, file, "--state", state)
    out.write_text("old")
    for panes in (state / "history").glob("tier=5s/*"):
        panes.write_bytes(b"PAR1, they say")
    done = starwatch("export", "--state", state, "--out", out)
    assert done.code == 1
    assert re.fullmatch(r"error: the panes cannot be read .*\n", done.err)
    assert out.read_text() == "old"
    panes.unlink()
    done = starwatch("export", "--state", state, "--out", out)
    assert re.fullmatch(r"error: .* is not there\. Restore a backup of the state\n", done.err)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["f.csv", "s", "w.csv"]


def test_a_run_that_goes_on_is_exported_as_one_commit_left_it(tmp_path):
    """Rows that have been emitted are there, to the digit, and no window that is still open."""
    lines = [f"u,p{row % 3},{row % 5 + 1},1600000000" for row in range(400)]
    file, state, out = csv_file(tmp_path / "f.csv", *lines), tmp_path / "s", tmp_path / "w.jsonl"
    options = ("--every", "15ms", "--window", "600ms/200ms", "--window", "1s", "--quiet")
    outputs = ("--state", state, "--output", f"jsonl:{out}")
    seen = []
    with process("replay", file, *options, *outputs, *FREQUENT) as child:
        soon(lambda: list(state.glob("history/tier=200ms/*.parquet")))
        while child.poll() is None:
            seen.append(export(state, "--as-emitted"))
    assert child.returncode == 0
    emitted = [json.loads(line) for line in out.read_text().splitlines()]
    keys = [(row["end"], row["window"], row["product"], row["stars"]) for row in emitted]
    sizes = [len(rows) for rows in seen]
    assert sizes == sorted(sizes)
    assert len(set(sizes)) > 3
    for rows in seen:
        found = [
            (
                row["end"],
                row["window"],
                row["product"],
                [int(row[f"stars_{n}"]) for n in range(1, 6)],
            )
            for row in rows
        ]
        assert found == keys[: len(found)]


GENERATED = ["--products", "50", "--rate", "20", "--for", "3m", "--disorder", "8s", "--seed", "5"]


@pytest.mark.parametrize("name", ["252 rows", "generated"])
def test_the_rows_of_a_run_are_exported_again(shared_data, tmp_path, name):
    file, pace = shared_data / "movies_and_tv_first_252.csv", ["--every", "1s"]
    if name == "generated":
        file, pace = tmp_path / "f.csv", ["--speed", "1", "--order", "file", "--bound", "2s"]
        assert starwatch("generate", *GENERATED, "--out", file).code == 0
        pace += ["--lateness", "3s", "--window", "30s/5s", "--window", "1m+7s"]
    state, out = tmp_path / "s", tmp_path / "w.csv"
    run = ("--start", T0, "--as-fast-as-possible", "--quiet", "--state", state)
    done = starwatch("replay", file, *pace, *run, "--output", f"csv:{out}", *FREQUENT)
    assert done.code == 0, done.err
    held = {
        (row["window"], row["product"], row["end"]): row
        for row in csv.DictReader(io.StringIO(out.read_text()))
    }
    revisions = {row.pop("revision") for row in held.values()}
    assert (len(revisions) > 1) == (name == "generated")
    rows = export(state, "--as-emitted")
    assert len(rows) == len(held) > 100
    assert all(row == held[row["window"], row["product"], row["end"]] for row in rows)
    if name == "generated":
        assert sum(int(row["count"]) for row in export(state)) > sum(
            int(row["count"]) for row in rows
        )


def test_windows_whose_panes_were_let_go_are_left_out_and_it_says_so(tmp_path):
    """Whole windows only, of what is kept; and what a backfill adds is in complete ones alone."""
    file = csv_file(
        tmp_path / "f.csv",
        "user,product,rating,timestamp",
        *(f"u{row},p{row % 3},5,{1_600_000_000 + 10 * row}" for row in range(400)),
    )
    state = tmp_path / "s"
    run = (*REPLAY, file, "--state", state, "--window", "5m/1m", "--keep", "forever", *FREQUENT)
    assert starwatch(*run, "--order", "file").code == 0
    every = export(state)
    hours = export(state, "--window", "2h/1h")
    kept = sorted((state / "history").glob("tier=1m/*"))
    for old in kept[:4]:
        with closing(sqlite3.connect(state / DATABASE)) as database, database:
            database.execute(
                "UPDATE history SET made_ms = 0 WHERE file = ?", (f"tier=1m/{old.name}",)
            )
    gone = max(max(pq.read_table(old)["start_ms"].to_pylist()) for old in kept[:4]) + 60_000
    assert starwatch("state", "prune", "--state", state, "--keep", "30d").code == 0
    assert sorted((state / "history").glob("tier=1m/*")) == kept[4:]
    done = starwatch("export", "--state", state, "--out", "-")
    assert f"; from: {moment_label(gone)}, before which panes were let go; to: " in done.err
    rows = list(csv.DictReader(io.StringIO(done.out)))
    assert rows == [row for row in every if row["start"] >= moment_label(gone)]
    assert 0 < len(rows) < len(every)
    assert export(state, "--window", "2h/1h") == hours


def test_backfilled_ratings_are_in_complete_windows_alone(tmp_path):
    lines = [f"u{row},p{row % 3},5,{1_600_000_000 + 10 * row}" for row in range(100)]
    file = csv_file(tmp_path / "f.csv", "user,product,rating,timestamp", *lines)
    more = [f"v{row},p0,1,{1_600_000_005 + 10 * row}" for row in range(-30, 50)]
    old = csv_file(tmp_path / "old.csv", "user,product,rating,timestamp", *more)
    state = tmp_path / "s"
    assert starwatch(*REPLAY, file, "--state", state, "--window", "5m/1m").code == 0
    before = export(state, "--as-emitted")
    assert before == export(state)
    done = starwatch("backfill", "--state", state, old)
    assert done.code == 0, done.err
    assert export(state, "--as-emitted") == before
    assert stars(export(state)) == windows_of_lines([*lines, *more], "5m/1m")


def windows_of_lines(lines, label):
    spec, sums = WindowSpec.parse(label), defaultdict(lambda: [0] * 5)
    for line in lines:
        _, product, star, at = line.split(",")
        first = spec.last_end_at(int(at) * 1000) + 1
        for end in map(spec.end_ms, range(first, first + spec.panes)):
            sums[moment_label(end), product][int(star) - 1] += 1
    return dict(sums)


@pytest.mark.parametrize("name", [DATABASE, "means.csv", "history/tier=1m/means.csv"])
def test_nothing_is_written_into_the_state_itself(scene, name):

    def files():
        return {path: path.read_bytes() for path in scene.state.rglob("*") if path.is_file()}

    before = files()
    out = scene.state / name
    done = starwatch("export", "--state", scene.state, "--out", out, "--format", "csv")
    assert (done.code, done.out) == (2, "")
    assert done.err == f"error: {out} lies in the state itself. Name a place outside of it\n"
    assert files() == before
