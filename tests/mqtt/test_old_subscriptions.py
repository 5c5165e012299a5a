"""A session that was subscribed to another topic before, by a client id of one's own."""

import pytest

from mqtt.serving import publish, rating, serving, subscribed
from servers.ports import HOST
from service.serving import soon

TIMES = 20


@pytest.mark.parametrize("protocol", ["3.1.1", "5"])
def test_a_topic_that_is_asked_for_no_more_is_named_and_unsubscribed_from(
    tmp_path, mosquitto, unique, caplog, protocol
):
    port = mosquitto.kind.port
    query = f"?protocol={protocol}&client_id=c{unique}&session_expiry=60"
    old, new = f"{unique}/old", f"{unique}/new"
    with serving(tmp_path, f"mqtt://{HOST}:{port}/{old}{query}") as service:
        soon(lambda: subscribed(service), 30)
    with serving(tmp_path, f"mqtt://{HOST}:{port}/{new}{query}") as service:
        soon(lambda: subscribed(service), 30)
        by_round = [0]
        while len(by_round) <= TIMES and by_round[-1:] != by_round[-2:-1]:
            publish(port, rating(), topic=old)
            publish(port, b"the mark behind it", topic=new)
            marks = len(by_round)
            soon(lambda marks=marks: service.engine.engine.books().rejected == marks, 30)
            by_round.append(service.engine.engine.books().counted)
    assert by_round[1] == 1  # by the old subscription, which nobody could know of
    assert by_round[-1] == by_round[-2] < TIMES
    assert caplog.text.count(f"the broker gives the topic '{old}', which is not asked for") == 1
    assert f"the topic '{new}'" not in caplog.text
