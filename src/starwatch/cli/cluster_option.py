"""The option that says which cluster of Flink is meant."""

import click

cluster_option = click.option(
    "--cluster",
    metavar="URL",
    default="http://127.0.0.1:8081",
    show_default=True,
    help="The REST API of a session cluster.",
)
