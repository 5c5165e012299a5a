"""A state in words: what it belongs to, how far it is, what lies where."""

from collections.abc import Iterator, Mapping
from typing import Any

from starwatch.ratings.durations import duration_label
from starwatch.terminal.summary import number_text, size_text


def info_lines(facts: Mapping[str, Any]) -> list[str]:
    """What `starwatch state info --json` says, in lines for a person; texts under each other."""
    pairs = list(_pairs(facts))
    width = max(len(name) for name, _ in pairs)
    return [f"{name:<{width}}  {text}" if text else name for name, text in pairs]


def _pairs(facts: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Pairs of a word and what it says; a heading has an empty text."""
    yield "state", facts["state"]
    yield "job", _job(facts["job"])
    if facts["pace"]:
        yield "pace", _pace(facts["pace"])
    start = f", with the stream's clock at {facts['start']}" if facts["start"] else ""
    yield "begun", f"{facts['begun'] or 'not known'}{start}"
    yield "progress", "finished" if facts["finished"] else "not finished"
    yield "writer", f"process {facts['writer']}" if facts["writer"] else "nobody"
    yield "watermark", facts["watermark"] or ("the end" if facts["finished"] else "none yet")
    received, *rest = facts["ratings"].items()
    classes = ", ".join(f"{number:,} {name}" for name, number in rest)
    yield "ratings", f"{received[1]:,} received: {classes}"
    if backfilled := facts["backfilled"]["inputs"]:
        ratings = number_text(facts["backfilled"]["ratings"], "rating")
        yield "backfilled", f"{ratings} of {number_text(backfilled, 'file')}"
    yield "window rows", f"{facts['window_rows']:,}"
    if any(facts["let_go"].values()):
        gone = facts["let_go"]
        yield "let go", f"the first {gone['ratings']:,} ratings, {gone['rejects']:,} rejects"
    if facts["products_in_catalogue"]:
        yield "catalogue", number_text(facts["products_in_catalogue"], "product")
    yield from _table("sources", [(s["name"], _source(s)) for s in facts["sources"]])
    yield from _table("outputs", [(o["name"], _output(o)) for o in facts["outputs"]])
    yield from _table("on the disk", _parts(facts))


def _table(heading: str, rows: list[tuple[str, str]]) -> Iterator[tuple[str, str]]:
    if rows:
        yield "", ""
        yield heading, ""
        yield from ((f"  {name}", text) for name, text in rows)


def _job(job: Mapping[str, Any]) -> str:
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


def _source(source: Mapping[str, Any]) -> str:
    size = "" if source["bytes"] is None else f" of {size_text(source['bytes'])}"
    return f"{number_text(source['rows_read'], 'row')} read{size}"


def _output(output: Mapping[str, Any]) -> str:
    waiting = size_text(output["waiting_bytes"])
    size = f", {size_text(output['bytes'])}" if output["bytes"] else ""
    behind = f", {output['behind']:,} behind ({waiting} waiting)" if output["behind"] else ""
    passed = f", {output['passed_over']:,} passed over" if output["passed_over"] else ""
    return f"{output['rows']:,} rows{size}{behind}{passed}"


def _parts(facts: Mapping[str, Any]) -> list[tuple[str, str]]:
    """The parts of the state: how large each is, and what is in it."""
    journal, sealed, backfilled = facts["journal"], facts["sealed"], facts["backfilled"]
    inside = {
        "starwatch.db": _and_ratings(journal["entries"], "commit", journal["ratings"]),
        "ratings": _and_ratings(
            sealed["files"] + backfilled["files"],
            "file",
            sealed["ratings"] + backfilled["ratings"],
        ),
        "snapshots": number_text(facts["snapshots"], "file"),
        "history": number_text(facts["history_files"], "file"),
    }
    parts = []
    for name, size in facts["bytes"].items():
        shown = name if name == "starwatch.db" else f"{name}/"
        parts.append((shown, size_text(size) + (f", {inside[name]}" if name in inside else "")))
    return parts


def _and_ratings(number: int, word: str, ratings: int) -> str:
    return f"{number_text(number, word)}, {number_text(ratings, 'rating')}"
