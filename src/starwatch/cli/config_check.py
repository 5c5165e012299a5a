"""`starwatch config check`: whether a settings file can be used."""

import click


@click.command("check", short_help="say whether a settings file can be used")
@click.argument("path", default="starwatch.toml", metavar="[FILE]")
def command(*, path: str) -> None:
    """Read a settings file as `starwatch run` does, without starting anything.

    Exits with 2, and one line that names the key, where it cannot be used.
    """
    from starwatch.cli.keep_options import chosen_keep, kept_bytes  # noqa: PLC0415
    from starwatch.cli.serving import sink_texts  # noqa: PLC0415
    from starwatch.codecs.options import InputOptions  # noqa: PLC0415 - imports pyarrow
    from starwatch.page.guarding import require_token  # noqa: PLC0415
    from starwatch.settings.job import build_job, given_settings  # noqa: PLC0415
    from starwatch.settings.sources import read_all  # noqa: PLC0415
    from starwatch.sinks.registry import parse_outputs  # noqa: PLC0415
    from starwatch.sources.doubled import refuse_doubled  # noqa: PLC0415
    from starwatch.sources.live import SourceContext, open_live  # noqa: PLC0415
    from starwatch.terminal.summary import number_text  # noqa: PLC0415
    from starwatch.windows.job import WindowTime  # noqa: PLC0415

    settings = read_all(path)
    job = build_job(given_settings({}, path), replay=False)
    by_arrival = job.time is WindowTime.ARRIVAL
    sources = []
    for source in settings.source:
        context = SourceContext(InputOptions(), job.scale, by_arrival, source.options())
        sources.append(open_live(source.url, context))
    refuse_doubled(sources)
    parse_outputs(sink_texts(settings))
    chosen_keep(settings.state.keep, settings.state.keep_size)
    kept_bytes(settings.state.backlog)
    if settings.http.enabled:
        require_token(settings.http.host, settings.http.token.get_secret_value())
    windows = ", ".join(window.label for window in job.windows)
    click.echo(
        f"{path} can be used: windows {windows} by {job.time} time,"
        f" {number_text(len(settings.source), 'source')},"
        f" {number_text(len(settings.sink), 'sink')}"
    )
