"""`starwatch nifi deploy`: the flow on a running NiFi."""

import os
from typing import TYPE_CHECKING, Any

import click

from starwatch.cli.flow_options import flow_options, read_flow
from starwatch.errors import BadSetting

if TYPE_CHECKING:
    from starwatch.nifi.deploy import Deployed


@click.command("deploy", short_help="make the flow on a running NiFi, and start it")
@flow_options
@click.option(
    "--url",
    metavar="URL",
    default="http://127.0.0.1:8080",
    show_default=True,
    help="Where NiFi's page is.",
)
@click.option(
    "--token-env",
    metavar="NAME",
    help="An environment variable that holds a token, for a NiFi that asks who comes.",
)
def command(*, url: str, token_env: str | None, **given: Any) -> None:
    """Make the flow on a running NiFi by its REST API, start it, and wait until it works.

    Done again it changes nothing. A setting that is another one now is set; what waits in the
    queues stays. What NiFi cannot convert is kept before the funnel.
    """
    from starwatch.nifi.deploy import deploy  # noqa: PLC0415 - imports an HTTP client
    from starwatch.nifi.rest import Nifi  # noqa: PLC0415

    flow, first = read_flow(given)
    nifi = Nifi(url, token=_token(token_env))
    deployed = deploy(nifi, flow, first.listens)
    click.echo(f"{' → '.join(step.name for step in flow.processors)}: {_how(deployed)}")
    click.echo(nifi.page(deployed.group))


def _token(name: str | None) -> str | None:
    if name is None:
        return None
    if token := os.environ.get(name, "").strip():
        return token
    raise BadSetting(f"the environment variable {name} is empty", hint="It is to hold a token")


def _how(deployed: "Deployed") -> str:
    if deployed.made:
        return "made, runs"
    if deployed.mended:
        return f"set anew ({', '.join(deployed.mended)}), runs"
    return "was there, runs"
