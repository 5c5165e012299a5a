"""`starwatch nifi`: the flow of 2021 on Apache NiFi."""

import click

from starwatch.cli.lazy import LazyGroup

_COMMANDS = {
    "deploy": "make the flow on a running NiFi, and start it",
    "template": "print the flow for importing it by hand",
}


@click.command(
    "nifi",
    cls=LazyGroup,
    commands_help=_COMMANDS,
    modules="starwatch.cli.nifi_",
    short_help="the flow of 2021 on Apache NiFi",
)
def command() -> None:
    """Have Apache NiFi take ratings from MQTT, make CSV of the JSON, and give them to Kafka."""
