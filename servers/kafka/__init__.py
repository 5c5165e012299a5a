"""Kafka: one node that is broker and controller (KRaft)."""

from servers.kafka.broker import PROGRAMS, Kafka

__all__ = ["PROGRAMS", "Kafka"]
