"""When a partition of an MQTT source counts as caught up."""

from starwatch.sources.mqtt_levels import Levels


class Door:
    def __init__(self, *names):
        self.names = {name: number for number, name in enumerate(names)}
        self.told = []

    def partitions(self):
        return self.names

    def caught_up(self, partition, *, value):
        self.told.append((partition, value))


def watched(*names):
    now = [100.0]
    door = Door(*names)
    return now, door, Levels(door, clock=lambda: now[0])


def test_a_second_behind_the_start_everything_silent_is_caught_up_and_told_once():
    now, door, levels = watched("a", "b")
    now[0] = 100.9
    levels.tell()
    assert door.told == []
    now[0] = 101.0
    levels.tell()
    levels.tell()
    assert door.told == [(0, True), (1, True)]


def test_a_partition_waits_for_a_second_of_its_own_silence():
    now, door, levels = watched("a", "b")
    now[0] = 100.5
    levels.came("a")
    now[0] = 101.2
    levels.tell()
    assert door.told == [(1, True)]
    now[0] = 101.5
    levels.tell()
    assert door.told == [(1, True), (0, True)]


def test_what_falls_behind_is_not_caught_up_until_a_second_after():
    now, door, levels = watched("a")
    now[0] = 101.0
    levels.tell()
    levels.behind()
    assert door.told == [(0, True), (0, False)]
    now[0] = 101.9
    levels.tell()
    now[0] = 102.0
    levels.tell()
    assert door.told == [(0, True), (0, False), (0, True)]


def test_a_partition_that_appears_later_is_told_too():
    now, door, levels = watched("a")
    now[0] = 101.0
    levels.tell()
    door.names["b"] = 1
    levels.came("b")
    now[0] = 102.0
    levels.tell()
    assert door.told == [(0, True), (1, True)]
