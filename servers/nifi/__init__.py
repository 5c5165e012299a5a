"""Apache NiFi: one node without its scripts, over plain HTTP."""

from servers.nifi.node import PROGRAMS, NiFi

__all__ = ["PROGRAMS", "NiFi"]
