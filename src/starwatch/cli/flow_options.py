"""The options that say between which addresses the flow of NiFi is."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from starwatch.nifi.edges import Inlet
    from starwatch.nifi.parts import Flow


def flow_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add them to a command, which gives them to `read_flow`."""
    for option in reversed(_OPTIONS):
        command = option(command)
    return command


def read_flow(given: dict[str, Any]) -> tuple["Flow", "Inlet"]:
    """The flow between the addresses given, or between the usual ones; and its first step.

    Raises:
        BadSetting: an address cannot be used.
    """
    from starwatch.nifi.edges import USUAL  # noqa: PLC0415 - for the help alone it is not needed
    from starwatch.nifi.flow import ratings_flow  # noqa: PLC0415

    source, target = USUAL[given["edges"]]
    return ratings_flow(given["source"] or source, given["target"] or target, given["group"])


_OPTIONS = (
    click.option(
        "--edges",
        type=click.Choice(["mqtt", "http"]),
        default="mqtt",
        show_default=True,
        help="From MQTT to Kafka, or from HTTP to HTTP, which every NiFi can; the usual addresses.",
    ),
    click.option(
        "--from",
        "source",
        metavar="URL",
        help="mqtt://HOST:PORT/TOPIC, or http://HOST:PORT/PATH to listen there; HOST is NiFi's.",
    ),
    click.option(
        "--to",
        "target",
        metavar="URL",
        help="kafka://HOST:PORT/TOPIC, or http://HOST:PORT/PATH to post there.",
    ),
    click.option(
        "--group",
        default="Starwatch",
        show_default=True,
        metavar="NAME",
        help="The process group that holds the flow.",
    ),
)
