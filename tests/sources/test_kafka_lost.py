"""A group that has forgotten a consumer: its partitions hold the windows until it is told more."""

from types import SimpleNamespace
from unittest import mock

import pytest

pytest.importorskip("confluent_kafka")

from confluent_kafka import TopicPartition

from starwatch.sources.kafka_assignment import Assignment
from starwatch.sources.kafka_places import Place


@pytest.fixture
def door():
    return mock.Mock(spec=["leave", "caught_up", "partitions"])


@pytest.fixture
def assignment(door):
    topics = SimpleNamespace(ids=lambda names: dict.fromkeys(names, "id"))
    address = SimpleNamespace(topics=["t"], hosts="h")
    rules = SimpleNamespace(name="k", address=address, claims={})
    made = Assignment(rules, door, mock.Mock(), topics, mock.Mock())
    for partition in (0, 1):
        made._places["t", partition] = Place("t", partition, "id", 7 + partition, 5, at_end=True)  # noqa: SLF001
    door.partitions.return_value = {"t/0 id": 7, "t/1 id": 8}
    return made


def test_lost_partitions_are_behind_and_do_not_leave(assignment, door):
    assignment.lost(None, [TopicPartition("t", 0), TopicPartition("t", 1)])
    assert door.leave.mock_calls == []
    assert door.caught_up.mock_calls == [mock.call(7, value=False), mock.call(8, value=False)]
    assert not assignment.all_at_end


def test_those_that_do_not_come_back_leave_when_the_group_gives_some_again(assignment, door):
    assignment.lost(None, [TopicPartition("t", 0)])
    assignment.taken(mock.Mock(), [])
    assert door.leave.mock_calls == [mock.call(7)]
