"""The servers of `make servers` and `make cluster`, by name."""

import fcntl
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import ModuleType

from servers import chromium, flink, kafka, mosquitto, nifi, postgresql, prometheus, redis
from servers.flink import installed
from servers.folders import ROOT
from servers.kafka import jars
from servers.nifi import installed as nifi_installed
from servers.programs import install
from servers.server import Kind


def _flink(port: int) -> tuple[Kind, Kind]:
    """Both processes of a cluster, which find each other on the two ports behind that of REST."""
    jobmanager = flink.JobManager(port=port, rpc_port=port + 1)
    return jobmanager, flink.TaskManager(jobmanager=jobmanager, port=port + 2)


KNOWN: dict[str, tuple[int, Callable[[int], tuple[Kind, ...]]]] = {
    "mosquitto": (1883, lambda port: (mosquitto.Mosquitto(port=port),)),
    "kafka": (9092, lambda port: (kafka.Kafka(port=port),)),
    "postgresql": (5432, lambda port: (postgresql.PostgreSQL(port=port),)),
    "redis": (6379, lambda port: (redis.Redis(port=port),)),
    "flink": (8081, _flink),
    "nifi": (8080, lambda port: (nifi.NiFi(port=port),)),
}
"""Those that can be started by name: the port where each is expected, and what is started."""

USUAL = ("mosquitto", "kafka", "postgresql", "redis")
"""Those that `make servers` starts."""

MODULES: dict[str, ModuleType] = {
    "mosquitto": mosquitto,
    "kafka": kafka,
    "postgresql": postgresql,
    "redis": redis,
    "flink": flink,
    "nifi": nifi,
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
    added = install(programs)
    with _alone():
        if "kafka" in names and jars.fetch():
            added.append("the jars of Kafka")
        if "flink" in names and installed.fetch():
            added.append("Flink")
        if "nifi" in names and nifi_installed.fetch():
            added.append("NiFi")
    return added


@contextmanager
def _alone() -> Iterator[None]:
    """One process at a time fetches, such as the first of several that run tests; others wait."""
    ROOT.mkdir(exist_ok=True)
    with (ROOT / "fetching").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
