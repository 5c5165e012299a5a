"""`starwatch state info`: what a state holds and how far it is."""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from starwatch.cli.state_option import state_option

if TYPE_CHECKING:
    from starwatch.service.overview import Overview


@click.command("info", short_help="say what a state holds and how far it is")
@state_option
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object, for machines.")
def command(*, state: str, as_json: bool) -> None:
    """Say what a state holds, how far it is, and who writes to it."""
    from starwatch.service.overview import overview  # noqa: PLC0415 - only when the command runs

    facts = _facts(overview(Path(state)))
    if as_json:
        click.echo(json.dumps(facts, indent=2))
        return
    lines = list(_lines(facts))
    width = max(len(name) for name, _ in lines)
    click.echo("\n".join(f"{name:<{width}}  {text}" if text else name for name, text in lines))


def _facts(found: "Overview") -> dict[str, Any]:
    """Everything that is known, as plain values; moments in ISO 8601, null where there is none."""
    survey = found.survey
    facts, books = survey.facts, survey.facts.get("books") or {}
    writer = found.writer or ""
    classes = ("received", "counted", "duplicate", "late", "rejected")
    return {
        "state": str(found.directory),
        "finished": found.finished,
        "writer": int(writer) if writer.isdigit() else found.writer,
        "begun": _moment(facts.get("begun_ms")),
        "start": _moment(facts.get("start_ms")),
        "watermark": None if found.finished else _moment(facts.get("watermark_ms")),
        "job": facts["job"],
        "pace": facts.get("pace"),
        "files": [
            {
                "path": file["path"],
                "bytes": file["size"],
                "rows_read": survey.rows_read.get(file["path"], 0),
            }
            for file in facts.get("files") or []
        ],
        "ratings": {name: books.get(name, 0) for name in classes},
        "window_rows": survey.window_rows,
        "outputs": [
            {"name": name, "rows": at.rows, "bytes": at.length, "behind": _behind(found, at.rows)}
            for name, at in survey.cursors.items()
        ],
        "journal": {"entries": survey.entries, "ratings": survey.ratings},
        "sealed": {"files": survey.files.get("sealed", 0), "ratings": survey.sealed_ratings},
        "snapshots": survey.files.get("snapshots", 0),
        "history_files": survey.files.get("history", 0),
        "products_in_catalogue": survey.products,
        "bytes": found.sizes,
    }


def _behind(found: "Overview", rows: int) -> int:
    return max(found.survey.window_rows - rows, 0)


def _lines(facts: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Pairs of a word and what it says; a heading has an empty text."""
    yield "state", facts["state"]
    yield "job", _job(facts["job"])
    if facts["pace"]:
        yield "pace", _pace(facts["pace"])
    yield "begun", f"{facts['begun'] or 'not known'}, with the stream's clock at {facts['start']}"
    yield "progress", "finished" if facts["finished"] else "not finished"
    yield "writer", f"process {facts['writer']}" if facts["writer"] else "nobody"
    yield "watermark", facts["watermark"] or ("the end" if facts["finished"] else "none yet")
    received, *rest = facts["ratings"].items()
    classes = ", ".join(f"{number:,} {name}" for name, number in rest)
    yield "ratings", f"{received[1]:,} received: {classes}"
    yield "window rows", f"{facts['window_rows']:,}"
    if facts["products_in_catalogue"]:
        yield "catalogue", _number(facts["products_in_catalogue"], "product")
    yield from _table("files", [(f["path"], _file(f)) for f in facts["files"]])
    yield from _table("outputs", [(o["name"], _output(o)) for o in facts["outputs"]])
    yield from _table("on the disk", _parts(facts))


def _table(heading: str, rows: list[tuple[str, str]]) -> Iterator[tuple[str, str]]:
    if rows:
        yield "", ""
        yield heading, ""
        yield from ((f"  {name}", text) for name, text in rows)


def _job(job: Mapping[str, Any]) -> str:
    from starwatch.ratings.durations import duration_label  # noqa: PLC0415

    return (
        f"{', '.join(job['windows'])} by {job['time']}, bound {duration_label(job['bound_ms'])},"
        f" lateness {duration_label(job['lateness_ms'])}, duplicates {job['duplicates']},"
        f" stars {job['scale']}"
    )


def _pace(pace: Mapping[str, Any]) -> str:
    limit = f", at most {pace['limit']:,} rows" if pace.get("limit") else ""
    limit += ", over and over" if pace.get("loop") else ""
    if "speed" in pace:
        order = "sorted" if pace["order"] == "time" else "each file as it lies"
        return f"{pace['speed']} times as fast as it happened, {order}{limit}"
    return f"one row of each file every {pace['interval_ms']} ms{limit}"


def _file(file: Mapping[str, Any]) -> str:
    return f"{file['rows_read']:,} rows read, {_size(file['bytes'])}"


def _output(output: Mapping[str, Any]) -> str:
    behind = f", {output['behind']:,} behind" if output["behind"] else ""
    return f"{output['rows']:,} rows, {_size(output['bytes'])}{behind}"


def _parts(facts: Mapping[str, Any]) -> list[tuple[str, str]]:
    """The parts of the state: how large each is, and what is in it."""
    journal, sealed = facts["journal"], facts["sealed"]
    inside = {
        "starwatch.db": f"{_number(journal['entries'], 'commit')}, "
        + _number(journal["ratings"], "rating"),
        "ratings": f"{_number(sealed['files'], 'file')}, {_number(sealed['ratings'], 'rating')}",
        "snapshots": _number(facts["snapshots"], "file"),
        "history": _number(facts["history_files"], "file"),
    }
    parts = []
    for name, size in facts["bytes"].items():
        shown = name if name == "starwatch.db" else f"{name}/"
        parts.append((shown, _size(size) + (f", {inside[name]}" if name in inside else "")))
    return parts


def _number(number: int, word: str) -> str:
    return f"{number:,} {word}" + ("" if number == 1 else "s")


def _size(size: int) -> str:
    """Bytes in a unit of three digits: `1.2 MB`."""
    kilo, value = 1000, float(size)
    for unit in ("bytes", "kB", "MB", "GB"):
        if value < kilo:
            return f"{value:.0f} {unit}" if unit == "bytes" else f"{value:.1f} {unit}"
        value /= kilo
    return f"{value:.1f} TB"


def _moment(ms: int | None) -> str | None:
    from starwatch.ratings.durations import moment_label  # noqa: PLC0415

    return None if ms is None else moment_label(ms)
