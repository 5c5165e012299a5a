"""`starwatch nifi template`: the flow as NiFi imports it."""

import json
from typing import Any

import click

from starwatch.cli.flow_options import flow_options, read_flow


@click.command("template", short_help="print the flow for importing it by hand")
@flow_options
def command(**given: Any) -> None:
    """Print the flow definition of the flow: NiFi's page takes it where a process group is added.

    Services are to be enabled there, and the group started.
    """
    from starwatch.nifi.definition import definition  # noqa: PLC0415

    flow, _ = read_flow(given)
    click.echo(json.dumps(definition(flow), indent=2))
