"""`starwatch state erase`: take reviewers out of a state."""

from pathlib import Path

import click

from starwatch.cli.state_option import reading


@click.command("erase", short_help="take reviewers out of a state")
@click.option("--state", required=True, metavar="DIR", help="The state directory; not in use.")
@click.option(
    "--reviewer",
    "reviewers",
    required=True,
    multiple=True,
    metavar="ID",
    help="Whom to erase, by the id as it came. Repeatable.",
)
def command(*, state: str, reviewers: tuple[str, ...]) -> None:
    """Put one random token in the place of a reviewer's id, wherever the state holds it.

    The ratings still count: windows, books and what verify says stay as they are. Of rejects that
    hold the id nothing is kept but their place and reason. Backups, outputs and what other programs
    took from the state are not changed.
    """
    from starwatch.errors import BadSetting, StateLocked  # noqa: PLC0415 - start-up stays short
    from starwatch.service.erasing import erase  # noqa: PLC0415 - imports pyarrow
    from starwatch.service.state import State  # noqa: PLC0415
    from starwatch.terminal.summary import number_text  # noqa: PLC0415

    if not all(reviewers):
        raise BadSetting("--reviewer is empty", hint="Name the id as it came")
    with reading(state):
        pass  # it is there, and one of ours: nothing is made or swept where it is not
    with State(Path(state)) as held:
        done = erase(held, reviewers)
    click.echo(f"{number_text(done.ratings, 'rating')} changed")
    click.echo(f"{number_text(done.rejects, 'reject')} emptied")
    if not done.gone:
        raise StateLocked(
            f"another program still reads the state {state}, and its files hold what was erased",
            hint="Wait for it or stop it, and run the same again",
        )
