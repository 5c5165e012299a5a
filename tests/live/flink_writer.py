"""Writes to Kafka what Flink would: rows in transactions, those of a checkpoint in any order."""

import random

from confluent_kafka import Producer

from flink.written_back import as_messages


class Writer:
    """One sink of Flink: a transaction a checkpoint."""

    def __init__(self, kafka: str, topic: str) -> None:
        self._topic = topic
        own = {"transactional.id": f"{topic}-sink", "log_level": 0}
        self._producer = Producer({"bootstrap.servers": kafka} | own)
        self._producer.init_transactions(30)

    def checkpoint(self, rows: list[dict], dice: random.Random, *, commit: bool = True) -> None:
        """Write rows and commit them, or leave nothing of them."""
        self._producer.begin_transaction()
        for message in as_messages(dice.sample(rows, len(rows))):
            self._producer.produce(self._topic, message)
        if commit:
            self._producer.commit_transaction(30)
        else:
            self._producer.flush(30)
            self._producer.abort_transaction(30)
