"""`starwatch config show`: the settings in force."""

import click


@click.command("show", short_help="print the settings in force, secrets masked")
@click.argument("path", required=False, metavar="[FILE]")
def command(*, path: str | None) -> None:
    """Print what the file and the environment set, over the defaults, as TOML.

    Passwords and tokens are masked.
    """
    from starwatch.settings.sample import shown  # noqa: PLC0415 - imports pydantic
    from starwatch.settings.sources import read_all  # noqa: PLC0415

    click.echo(shown(read_all(path)), nl=False)
