"""The servers of `make servers`, by name."""

from collections.abc import Callable
from types import ModuleType

from servers import chromium, kafka, mosquitto, postgresql, prometheus, redis
from servers.kafka.jars import fetch
from servers.programs import install
from servers.server import Kind

USUAL: dict[str, tuple[int, Callable[[int], Kind]]] = {
    "mosquitto": (1883, lambda port: mosquitto.Mosquitto(port=port)),
    "kafka": (9092, lambda port: kafka.Kafka(port=port)),
    "postgresql": (5432, lambda port: postgresql.PostgreSQL(port=port)),
    "redis": (6379, lambda port: redis.Redis(port=port)),
}
"""Those that `make servers` starts: the port where each is expected, and how it is made."""

MODULES: dict[str, ModuleType] = {
    "mosquitto": mosquitto,
    "kafka": kafka,
    "postgresql": postgresql,
    "redis": redis,
    "prometheus": prometheus,
    "chromium": chromium,
}
"""All kinds; each module names its programs."""


def provide(*names: str) -> list[str]:
    """See that everything that these servers need is on the machine; what was installed.

    Raises:
        Missing: Something is missing and cannot be installed from here.
        ServerError: Installing failed.
    """
    programs = [program for name in names for program in MODULES[name].PROGRAMS]
    installed = install(programs)
    if "kafka" in names and fetch():
        installed.append("the jars of Kafka")
    return installed
