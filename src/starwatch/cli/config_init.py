"""`starwatch config init`: a commented sample of all settings."""

from pathlib import Path

import click

from starwatch.errors import BadSetting


@click.command("init", short_help="write a commented sample of all settings")
@click.argument("path", default="starwatch.toml", metavar="[FILE]")
def command(*, path: str) -> None:
    """Write a sample in which every setting stands with its default; `-` prints it.

    A file that is there is never overwritten.
    """
    from starwatch.settings.sample import sample  # noqa: PLC0415 - imports pydantic

    if path == "-":
        click.echo(sample(), nl=False)
        return
    try:
        with Path(path).open("x", encoding="utf-8") as file:
            file.write(sample())
    except FileExistsError:
        raise BadSetting(f"{path} is there already", hint="Name another file") from None
    except OSError as error:
        raise BadSetting(
            f"{path} cannot be written: {error.strerror}", hint="Name a file in a folder of yours"
        ) from None
    click.echo(f"wrote {path}; `starwatch run --config {path}` reads it")
