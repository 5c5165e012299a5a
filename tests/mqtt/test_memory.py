"""What a source takes for given again, and what for new."""

import pytest

from starwatch.mqtt.packets import Published
from starwatch.sources.mqtt_memory import REACH, Memory, Verdict


def message(mid, payload=b"x", *, dup=False):
    return Published("t", mid, 1, dup, False, payload, digest=payload)


def begun():
    memory = Memory({})
    return memory, dict(memory.begin("me"))


def taken(memory, notes, mid, payload=b"x", *, safe=True):
    """A message that is judged new; if safe, its commit made the note last."""
    assert memory.judge(message(mid, payload), 1) is Verdict.NEW
    memory.entry(mid).safe = safe
    key, value = memory.note(mid)
    if safe:
        notes[key] = value


def test_what_was_committed_is_known_again_by_another_process():
    memory, notes = begun()
    taken(memory, notes, 7)
    later = Memory(notes)
    assert later.client == "me"
    assert later.judge(message(7, dup=True), 1) is Verdict.SAFE


def test_what_was_not_committed_is_new_to_another_process():
    memory, notes = begun()
    taken(memory, notes, 7, safe=False)
    assert Memory(notes).judge(message(7, dup=True), 1) is Verdict.NEW


@pytest.mark.parametrize("again", [message(7), message(7, b"y", dup=True), message(8, dup=True)])
def test_without_dup_or_with_another_payload_or_packet_id_it_is_new(again):
    memory, notes = begun()
    taken(memory, notes, 7)
    assert Memory(notes).judge(again, 1) is Verdict.NEW


def test_what_waits_for_its_commit_is_answered_where_it_came_last():
    memory, notes = begun()
    taken(memory, notes, 7, safe=False)
    assert memory.judge(message(7, dup=True), 2) is Verdict.WAITS
    assert memory.entry(7).connection == 2


def test_a_new_session_makes_old_packet_ids_mean_nothing():
    memory, notes = begun()
    taken(memory, notes, 7)
    notes |= dict(memory.begin("me"))
    assert memory.judge(message(7, dup=True), 1) is Verdict.NEW
    assert Memory(notes).judge(message(7, dup=True), 1) is Verdict.NEW


def test_the_same_payload_under_a_packet_id_that_came_round_is_new():
    memory, notes = begun()
    taken(memory, notes, 7)
    for number in range(REACH - 1):
        taken(memory, notes, 10 + number)
    # one process: the last that is recognised, and the first that is not
    assert Memory(notes).judge(message(7, dup=True), 1) is Verdict.SAFE
    taken(memory, notes, 8)
    assert Memory(notes).judge(message(7, dup=True), 1) is Verdict.NEW


def test_a_released_packet_id_is_forgotten_for_good():
    memory, notes = begun()
    taken(memory, notes, 7)
    assert memory.is_safe(7)
    key, value = memory.released(7)
    assert not memory.is_safe(7)
    assert Memory(notes | {key: value}).judge(message(7, dup=True), 1) is Verdict.NEW


def test_positions_of_a_topic_go_on():
    memory, notes = begun()
    assert memory.place("a b", 3)[0] == 0
    first, note = memory.place("a b", 2)
    assert first == 3
    later = Memory(notes | dict([note]))
    assert later.place("a b", 1)[0] == 5
    assert later.place("c", 1)[0] == 0
