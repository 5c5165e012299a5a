"""What the doctor finds: of sources that work, that are away, that send nonsense; of clocks."""

import socket
import time

from commands import starwatch
from http_door.served import served
from service.live_sources import Scripted, decoded
from starwatch.errors import SourceFailed
from starwatch.ports import Delivery
from starwatch.service.doctor import clock, examined

FREE = {"STARWATCH_HTTP__PORT": "0"}


def told(script, seconds=5.0):
    return [(each.level, each.text) for each in examined(Scripted(script), seconds)]


def delivering(*ratings, **more):
    def script(door):
        door.connected(value=True)
        door.deliver(Delivery(door.partition("t"), decoded(*ratings, **more), 10))

    return script


def test_a_source_that_works_is_said_to():
    (first, second) = told(delivering(*[("p", 3)] * 100))
    assert first[0] == second[0] == "ok"
    assert first[1].startswith("connected in ")
    assert second[1] == "100 ratings could be read"


def test_nothing_is_acknowledged_and_it_looks_no_longer_than_it_must():
    acknowledged = []

    def script(door):
        door.connected(value=True)
        some = decoded(*[("p", 3)] * 100)
        door.deliver(Delivery(0, some, 10, committed=acknowledged.append))

    began = time.monotonic()
    told(script, seconds=30)
    assert time.monotonic() - began < 10
    assert acknowledged == []


def test_a_broker_that_is_away_is_bad():
    def script(_):
        raise SourceFailed("the broker cannot be reached", hint="Is it running?")

    assert told(script) == [("bad", "the broker cannot be reached. Is it running?")]


def test_messages_that_cannot_be_read_are_bad_with_a_sample():
    _, (level, text) = told(delivering(rejects=100))
    assert (level, text) == ("bad", "100 of 100 were rejected: unreadable, for instance '?'")


def test_some_rejects_among_ratings_are_a_note():
    levels = [level for level, _ in told(delivering(*[("p", 3)] * 99, rejects=1))]
    assert levels == ["ok", "note", "ok"]


def test_silence_is_a_note():
    def script(door):
        door.connected(value=True)

    _, (level, text) = told(script, seconds=0.2)
    assert (level, text) == ("note", "nothing came in 0.2 s; send a rating and look again")


def test_event_times_ahead_of_the_clock_are_bad():
    ahead = time.time_ns() // 1_000_000 + 3_600_000
    assert told(delivering(*[("p", 3, ahead)] * 100))[-1][0] == "bad"


def test_a_clock_behind_the_state_is_bad():
    assert clock(None, 5_000).level == "ok"
    assert clock(4_000, 5_000).level == "ok"
    assert clock(1 << 62, 5_000).level == "ok"
    finding = clock(9_000, 5_000)
    assert (finding.level, finding.text) == ("bad", "it is 4 s behind what the state has seen")


def test_the_command_says_it_line_by_line_and_exits_with_1_where_something_is_bad(tmp_path):
    done = starwatch(
        *("doctor", "--state", tmp_path / "s", "--seconds", "1"),
        *("--source", "mqtt://127.0.0.1:1/ratings", "--source", "ftp://h/t"),
        env=FREE,
    )
    assert done.code == 1
    lines = done.out.splitlines()
    assert lines[0].startswith("ok    clock: ")
    assert lines[1].startswith("BAD   mqtt://127.0.0.1:1/ratings: ")
    assert "refused" in lines[1]
    assert lines[2].startswith("BAD   ftp://h/t: there is no live source")
    assert lines[3] == "ok    http: 127.0.0.1, a free port"


def test_without_sources_all_is_well(tmp_path):
    done = starwatch("doctor", "--state", tmp_path / "s", "--source", "none", env=FREE)
    assert (done.code, len(done.out.splitlines())) == (0, 2)


def of_port(state, port):
    """What the doctor says of the port, and its exit code."""
    words = ("doctor", "--state", state, "--source", "none")
    done = starwatch(*words, env={"STARWATCH_HTTP__PORT": str(port)})
    (line,) = [line for line in done.out.splitlines() if " http: " in line]
    return line, done.code


def test_a_port_that_somebody_else_has_is_bad(tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as listener:
        number = listener.getsockname()[1]
        line, code = of_port(tmp_path / "s", number)
        assert code == 1
        assert line.startswith(f"BAD   http: port {number} on 127.0.0.1 is taken. ")
    assert of_port(tmp_path / "s", number) == (f"ok    http: 127.0.0.1:{number}", 0)


def test_the_port_of_the_running_service_is_fine_and_that_of_another_is_not(tmp_path):
    with served(tmp_path) as door:
        line, code = of_port(tmp_path / "state", door.port)
        assert (code, line.partition(", ")[2]) == (0, "where the running service answers")
        line, code = of_port(tmp_path / "other", door.port)
        assert (code, line.split()[0]) == (1, "BAD")
        assert "another Starwatch, not of this state" in line


def test_a_sink_that_was_not_asked_is_not_said_to_work(tmp_path):
    path = tmp_path / "starwatch.toml"
    path.write_text(
        f'source = []\n[state]\ndir = "{tmp_path.as_posix()}/s"\n'
        '[[sink]]\nurl = "redis://me:hush@127.0.0.1:1/0"\n'
        '[[sink]]\nurl = "redis://127.0.0.1:1/0?maxlon=1"\n'
    )
    done = starwatch("doctor", "--config", path, env=FREE)
    assert done.code == 1
    lines = [line for line in done.out.splitlines() if "redis://" in line]
    assert lines[0].startswith("note  redis://me:***@127.0.0.1:1/0: the URL can be used")
    assert "the server was not asked" in lines[0]
    assert lines[1].startswith("BAD   redis://127.0.0.1:1/0")
    assert "hush" not in done.out
