"""Closed rows that wait for sinks: committed with their cause, handed on in order (§7)."""
