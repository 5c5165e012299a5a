"""`starwatch config show`: the settings in force."""

import click


@click.command("show", short_help="print the settings in force, secrets masked")
@click.argument("path", required=False, metavar="[FILE]")
def command(*, path: str | None) -> None:
    """Print what `starwatch run` goes by, as TOML: file and environment, over the defaults.

    What nobody set is marked as a default. Passwords and tokens are masked.
    """
    from starwatch.settings.job import build_job, given_settings  # noqa: PLC0415
    from starwatch.settings.sample import shown  # noqa: PLC0415 - imports pydantic
    from starwatch.settings.sources import read_all  # noqa: PLC0415

    job = build_job(given_settings({}, path), replay=False)
    click.echo(shown(read_all(path), job), nl=False)
