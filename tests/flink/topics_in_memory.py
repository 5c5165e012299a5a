"""Topics of ratings in memory, as `starwatch.flink.ticking` meets them on a cluster."""

import json

from confluent_kafka import TIMESTAMP_CREATE_TIME, Message

from starwatch.clients.ticks import KEY, is_tick, tick_headers, tick_ms

PREFIX = "starwatch-"


class TopicsInMemory:
    """One topic; the clock is the test's."""

    def __init__(self, partitions=1, prefix=PREFIX):
        self.prefix = prefix
        self.logs = {("ratings", number): [] for number in range(partitions)}
        self.now_ms = 1_700_000_000_000
        self.reads = 0

    def add(self, partition, value, headers=None):
        log = self.logs["ratings", partition]
        log.append(
            Message(
                topic="ratings",
                partition=partition,
                offset=len(log),
                key=KEY if headers else None,
                value=value,
                headers=headers,
                timestamp=(TIMESTAMP_CREATE_TIME, self.now_ms),
            )
        )

    def rate(self, partition, event_ms=None, **more):
        rating = {"reviewerID": "u", "productID": "p", "rating": 5, **more}
        if event_ms is not None:
            rating["timestamp"] = event_ms
        self.add(partition, json.dumps(rating).encode())

    def ends(self):
        return {where: len(log) for where, log in self.logs.items()}

    def read(self, spans):
        found = {where: self.logs[where][begin:end] for where, (begin, end) in spans.items()}
        self.reads += sum(map(len, found.values()))
        return found

    def tick(self, places, time_ms):
        for _, partition in places:
            self.add(partition, None, tick_headers(self.prefix, time_ms))

    def ticks(self, partition=0):
        """The times of the ticks for the job."""
        log = self.logs["ratings", partition]
        found = [tick_ms(each, self.prefix) for each in log if is_tick(each)]
        return [time for time in found if time is not None]
