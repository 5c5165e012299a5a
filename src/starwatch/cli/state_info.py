"""`starwatch state info`: what a state holds and how far it is."""

import json
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
    from starwatch.terminal.state_text import info_lines  # noqa: PLC0415

    facts = _facts(overview(Path(state)))
    if as_json:
        click.echo(json.dumps(facts, indent=2))
        return
    click.echo("\n".join(info_lines(facts)))


def _facts(found: "Overview") -> dict[str, Any]:
    """Everything that is known, as plain values; moments in ISO 8601, null where there is none."""
    survey = found.survey
    facts, books = survey.facts, survey.facts.get("books") or {}
    writer = found.writer or ""
    sizes = {file["path"]: file["size"] for file in facts.get("files") or []}
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
        "sources": [
            {"name": name, "bytes": sizes.get(name), "rows_read": survey.rows_read.get(name, 0)}
            for name in {**sizes, **survey.rows_read}
        ],
        "ratings": {name: books.get(name, 0) for name in classes},
        "window_rows": survey.window_rows,
        "outputs": [
            {
                "name": name,
                "rows": at.rows,
                "bytes": at.length,
                "behind": _behind(found, at.rows),
                "waiting_bytes": survey.waiting[name],
                "passed_over": (facts.get("passed_over") or {}).get(name, 0),
            }
            for name, at in survey.cursors.items()
        ],
        "journal": {"entries": survey.entries, "ratings": survey.ratings},
        "sealed": {"files": survey.files.get("sealed", 0), "ratings": survey.sealed_ratings},
        "backfilled": {
            "inputs": survey.backfills,
            "files": survey.files.get("backfilled", 0),
            "ratings": survey.backfilled_ratings,
        },
        "let_go": {"ratings": survey.first_kept, "rejects": survey.rejects_gone},
        "snapshots": survey.files.get("snapshots", 0),
        "history_files": survey.files.get("history", 0),
        "products_in_catalogue": survey.products,
        "bytes": found.sizes,
    }


def _behind(found: "Overview", rows: int) -> int:
    return max(found.survey.window_rows - rows, 0)


def _moment(ms: int | None) -> str | None:
    from starwatch.ratings.durations import moment_label  # noqa: PLC0415

    return None if ms is None else moment_label(ms)
