"""`starwatch inspect`: what files of ratings hold, and how to replay them."""

import json
import shlex
from typing import TYPE_CHECKING, Any

import click

from starwatch.cli.options import input_options

if TYPE_CHECKING:
    from starwatch.codecs.options import InputOptions
    from starwatch.ratings.scale import Scale
    from starwatch.sources.pace import Pace
    from starwatch.sources.profile import Profile, Rejected

_BAR = 40
_SHOWN_FILES = 5
_SHOWN_BYTES = 60


@click.command(name="inspect")
@click.argument("files", nargs=-1, required=True)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object, for machines.")
@input_options
def command(
    *, files: tuple[str, ...], as_json: bool, options: "InputOptions", scale: "Scale"
) -> None:
    """Say what FILES (or folders) of ratings hold, and how to replay them.

    Reads CSV, JSON lines and Parquet, also packed as .gz, .zst or .bz2.
    """
    from starwatch.ratings.rejects import Reason  # noqa: PLC0415 - imports follow the command
    from starwatch.sources.files import open_files  # noqa: PLC0415
    from starwatch.sources.pace import paces  # noqa: PLC0415
    from starwatch.sources.profile import fitting_scale, profile  # noqa: PLC0415

    found = profile(open_files(files, options, scale), scale)
    off_scale = any(r.reason == Reason.OFF_SCALE for r in found.rejected)
    better = fitting_scale(files, options, scale) if off_scale else None
    lines = [(_command_line(files, pace, better), pace) for pace in paces(found)]
    if as_json:
        click.echo(json.dumps(_facts(found, scale, better, lines), indent=2))
    else:
        click.echo("\n".join(_report(found, scale, better, lines)))
    if found.broken is not None:
        raise found.broken


def _command_line(files: tuple[str, ...], pace: "Pace", better: "Scale | None") -> str:
    """The replay of the same files, read the same way."""
    chosen = []
    context = click.get_current_context()
    for parameter in context.command.params:
        name = parameter.name or ""
        source = context.get_parameter_source(name)
        given = source is not None and source.name == "COMMANDLINE"
        if not given or name in ("files", "as_json") or (name == "scale" and better):
            continue
        value = context.params[name]
        if isinstance(value, bool):
            chosen.append(parameter.opts[0] if value else parameter.secondary_opts[0])
            continue
        for one in value if isinstance(value, tuple) else (value,):
            chosen += [parameter.opts[0], str(one)]
    scale = ["--scale", better.label] if better else []
    return shlex.join(["starwatch", "replay", *files, *chosen, *scale, *pace.arguments])


def _report(
    found: "Profile", scale: "Scale", better: "Scale | None", lines: list[tuple[str, "Pace"]]
) -> list[str]:
    out = [*_sources(found), "", f"rows         {found.rows:,}"]
    refused = sum(rejected.count for rejected in found.rejected)
    out.append(f"ratings      {found.ratings:,}" + (f"  ({refused:,} rejected)" if refused else ""))
    out += [f"products     {found.products:,}", f"reviewers    {found.reviewers:,}", *_times(found)]
    out += ["", *_histogram(found.stars, scale)]
    if found.rejected:
        out += ["", "rejected", *map(_rejected, found.rejected)]
    if better is not None:
        out += ["", f"The stars fit the scale {better.label}: use --scale {better.label}"]
    for number, (line, pace) in enumerate(lines):
        lead = "or" if number else "replay it in about"
        out += ["", f"{lead} {_span(pace.lasts_ms)}:", f"  {line}"]
    return out


def _sources(found: "Profile") -> list[str]:
    from starwatch.sources.files import expand, format_of  # noqa: PLC0415

    out = []
    for name, columns in list(found.columns.items())[:_SHOWN_FILES]:
        chosen = click.get_current_context().params["file_format"]
        listed = ", ".join(f"{field} <- {column}" for field, column in columns.items())
        out.append(f"{expand(name)[0]}  {format_of(name, chosen)}  {listed}")
    more = len(found.columns) - _SHOWN_FILES
    return [*out, f"and {more:,} more files"] if more > 0 else out


def _times(found: "Profile") -> list[str]:
    from starwatch.ratings.durations import moment_label  # noqa: PLC0415

    untimed = found.ratings - found.timed
    out = []
    if found.earliest_ms is not None and found.latest_ms is not None:
        span = _span(found.latest_ms - found.earliest_ms)
        out.append(f"first        {moment_label(found.earliest_ms)}")
        out.append(f"last         {moment_label(found.latest_ms)}  (a span of {span})")
        disorder = f"no, by up to {_span(found.disorder_ms)}" if found.disorder_ms else "yes"
        out.append(f"sorted       {disorder}")
        if found.whole_days:
            out.append(f"resolution   whole days: {found.moments:,} different ones")
    return [*out, f"no time      {untimed:,}"] if untimed else out


def _histogram(stars: tuple[int, ...], scale: "Scale") -> list[str]:
    from starwatch.ratings.means import mean_text  # noqa: PLC0415

    total, most = sum(stars), max(stars, default=0)
    if not total:
        return ["no stars"]
    out = []
    for value, count in reversed(list(zip(scale.values, stars, strict=True))):
        bar = "#" * -(-count * _BAR // most)
        out.append(f"{value!s:>5}  {bar:<{_BAR}}  {count:>12,}  {count / total:6.1%}")
    return [*out, f" mean  {mean_text(stars, scale)}"]


def _rejected(rejected: "Rejected") -> str:
    first = rejected.first
    return (
        f"  {rejected.reason:<16} {rejected.count:>8,}  "
        f"first: {rejected.file} row {first.position}: {_shown(first.raw)}"
    )


def _shown(raw: bytes) -> str:
    text = repr(raw[:_SHOWN_BYTES].decode(errors="backslashreplace"))[1:-1]
    return text + "..." if len(raw) > _SHOWN_BYTES else text


def _span(ms: int) -> str:
    """A span in its largest unit, for reading: `5.5 hours`."""
    units = (("years", 31_556_952_000), ("days", 86_400_000), ("hours", 3_600_000))
    for name, size in (*units, ("minutes", 60_000), ("seconds", 1000)):
        if ms >= size:
            number = f"{ms / size:.1f}".removesuffix(".0")
            return f"{number} {name}" if number != "1" else f"1 {name[:-1]}"
    return f"{ms} ms"


def _facts(
    found: "Profile", scale: "Scale", better: "Scale | None", lines: list[tuple[str, "Pace"]]
) -> dict[str, Any]:
    from starwatch.ratings.durations import moment_label  # noqa: PLC0415
    from starwatch.ratings.means import mean_text  # noqa: PLC0415

    def moment(ms: int | None) -> str | None:
        return None if ms is None else moment_label(ms)

    return {
        "columns": found.columns,
        "rows": found.rows,
        "ratings": found.ratings,
        "products": found.products,
        "reviewers": found.reviewers,
        "without_time": found.ratings - found.timed,
        "first": moment(found.earliest_ms),
        "last": moment(found.latest_ms),
        "sorted": found.disorder_ms == 0,
        "disorder_ms": found.disorder_ms,
        "whole_days": found.whole_days,
        "scale": scale.label,
        "stars": {str(v): n for v, n in zip(scale.values, found.stars, strict=True)},
        "mean": mean_text(found.stars, scale) if found.ratings else None,
        "rejected": {
            rejected.reason: {
                "count": rejected.count,
                "file": rejected.file,
                "row": rejected.first.position,
                "raw": rejected.first.raw.decode(errors="backslashreplace"),
            }
            for rejected in found.rejected
        },
        "fitting_scale": None if better is None else better.label,
        "replay": [{"command": line, "lasts_ms": pace.lasts_ms} for line, pace in lines],
    }
