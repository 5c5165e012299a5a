"""The options that say which cluster of Flink is meant, and what it lacks."""

import click

cluster_option = click.option(
    "--cluster",
    metavar="URL",
    default="http://127.0.0.1:8081",
    show_default=True,
    help="The REST API of a session cluster.",
)

jar_option = click.option(
    "--jar",
    "jars",
    multiple=True,
    type=click.Path(exists=True, dir_okay=False),
    metavar="FILE",
    help="A jar for PyFlink and the cluster that they have not in lib/, such as the Kafka "
    "connector; repeatable.",
)
