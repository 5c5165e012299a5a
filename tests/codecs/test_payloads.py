"""Messages of every form, alone and mixed, and the reference's CSV as NiFi writes it."""

import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from starwatch.codecs.options import InputOptions
from starwatch.codecs.payloads import Payloads
from starwatch.ratings.batch import NO_TIME
from starwatch.ratings.scale import Scale

ONE = b'{"reviewerID":"A1","productID":"0000143502","rating":5,"timestamp":1500000000}'
TWO = b'{"reviewerID":"A2","productID":"013022183X","rating":1,"timestamp":1500000001}'
CSV = b"1500000000,A1,x,5,0000143502"
FIRST, SECOND = (
    ("A1", "0000143502", 4, 1_500_000_000_000),
    ("A2", "013022183X", 0, 1_500_000_001_000),
)


def read(*messages, start=7, **options):
    """Ratings and rejects, each with its message's position."""
    payloads = Payloads(InputOptions(**options), Scale.parse("1..5/1"))
    decoded = payloads.decode(messages, np.arange(start, start + len(messages)))
    ratings = zip(
        decoded.position.tolist(),
        decoded.reviewer.to_pylist(),
        decoded.product.to_pylist(),
        decoded.stars.tolist(),
        decoded.event_ms.tolist(),
        strict=True,
    )
    return list(ratings), [(r.position, str(r.reason), r.raw) for r in decoded.rejects]


@pytest.mark.parametrize(
    "message",
    [
        ONE + b"\n" + TWO,
        b"\n " + ONE + b"\r\n\n" + TWO + b"\n",
        b"[" + ONE + b", " + TWO + b"]",
        b"1500000000,A1,x,5,0000143502\n1500000001,A2,,1,013022183X\n",
        b"1500000000,A1,x,5,0000143502\r\n1500000001,A2,,1,013022183X",
        b'1500000000,"A1",x,5,0000143502\n\n1500000001,A2,"d\\"q",1,"013022183X"',
        b"A1,0000143502,5,1500000000\nA2,013022183X,1.0,1500000001",
    ],
)
def test_a_message_of_several_ratings(message):
    both = [(7, *FIRST), (7, *SECOND)]
    assert read(message) == (both, [])
    ratings, rejects = read(ONE, message, TWO)
    assert ratings == [(7, *FIRST), (8, *FIRST), (8, *SECOND), (9, *SECOND)]
    assert rejects == []


def test_many_messages_of_one_rating_each():
    assert read(*[ONE, TWO] * 50)[0] == [(7 + n, *(SECOND if n % 2 else FIRST)) for n in range(100)]
    assert read(*[CSV] * 100)[0] == [(7 + n, *FIRST) for n in range(100)]


def test_what_cannot_be_read_is_one_reject_of_its_message_and_costs_nobody_else():
    broken = b'{"reviewerID": '
    ratings, rejects = read(ONE, None, b"", broken, b"\xff\xfe", b"hello", b"[1, 2", b"-", TWO)
    assert ratings == [(7, *FIRST), (15, *SECOND)]
    raws = [b"", b"", broken, b"\xff\xfe", b"hello", b"[1, 2", b"-"]
    assert rejects == [(8 + n, "unreadable", raw) for n, raw in enumerate(raws)]


def test_a_bad_one_among_several_is_rejected_alone_as_it_came():
    ratings, rejects = read(b'[1, {"productID":"p"}, ' + ONE + b"]", b"1,A,d,9,p\n" + CSV)
    assert ratings == [(7, *FIRST), (8, *FIRST)]
    assert rejects == [
        (7, "unreadable", b"1"),
        (7, "missing_stars", b'{"productID":"p"}'),
        (8, "off_scale", b"1,A,d,9,p"),
    ]


def test_an_object_on_several_lines_is_one_rating():
    assert read(json.dumps(json.loads(ONE), indent=2).encode()) == ([(7, *FIRST)], [])


def test_an_empty_array_holds_nothing():
    assert read(b"[]", ONE) == ([(8, *FIRST)], [])


def test_columns_by_number_are_those_of_csv():
    columns = {"product": 2, "stars": 0}
    assert read(b"5,u,p", ONE, columns=columns)[0] == [(7, "", "p", 4, NO_TIME)]
    assert read(b"5;u;p", delimiter=";", columns=columns)[0] == [(7, "", "p", 4, NO_TIME)]


def test_names_are_mapped_and_serve_csv_too():
    named = ONE.replace(b"productID", b"thing")
    assert read(named, CSV, columns={"product": "thing"})[0] == [(7, *FIRST), (8, *FIRST)]


def test_a_format_leaves_the_other_out():
    ratings, rejects = read(ONE, CSV, format="jsonl")
    assert (ratings, rejects) == ([(7, *FIRST)], [(8, "unreadable", CSV)])
    ratings, rejects = read(ONE, CSV, format="csv")
    assert ratings == [(8, *FIRST)]
    assert [reject[:2] for reject in rejects] == [(7, "unreadable")]


def test_a_message_over_4_kib_is_kept_in_part():
    ((_, _, raw),) = read(b"x" * 10_000)[1]
    assert raw == b"x" * 4096


def test_a_broken_record_of_csv_is_kept_as_it_came():
    _, rejects = read(b'1,"A\\"1",d,9,"p"\n1,A,d\n1,"A\nB",d,9,p')
    assert rejects == [
        (7, "off_scale", b'1,"A\\"1",d,9,"p"'),
        (7, "unreadable", b"1,A,d"),
        (7, "off_scale", b'1,"A\nB",d,9,p'),
    ]


def test_what_nifi_made_of_the_references_messages():
    path = Path(__file__).parents[3] / "shared" / "data" / "nifi_convertrecord.json"
    if not path.exists():
        pytest.skip(f"{path} is not here")
    cases = {case["case"]: case for case in json.loads(path.read_text())}
    same = ["base", "leading zeros pid", "asin pid", "pid int", "comma in reviewer", "quote"]
    same += ["backslash", "newline", "empty", "unicode", "no dummy", "null dummy", "extra"]
    same += ["rating str", "array", "two objects", "hash", "ts big", "pid 7.0", "rating float"]
    for name in same:
        before = read(cases[name]["mqtt"].encode())
        after = read(*[text.encode() for text in cases[name]["kafka"]])
        assert after[0] == before[0], name
        assert len(after[1]) == len(before[1]), name
    assert read(b"") == ([], [(7, "unreadable", b"")])  # its empty body


MESSAGES = st.one_of(
    st.sampled_from([ONE, TWO, CSV, ONE + b"\n" + TWO, b"[" + TWO + b"]", None, b"", b"-", b"\n"]),
    st.binary(max_size=30),
    st.text(alphabet='{}[]",\\\n\r:1a-', max_size=12).map(str.encode),
)


@given(st.lists(MESSAGES, max_size=8))
def test_messages_mean_the_same_alone_and_together(messages):
    together = read(*messages, start=0)
    alone = [read(message, start=at) for at, message in enumerate(messages)]
    assert together[0] == [rating for ratings, _ in alone for rating in ratings]
    assert together[1] == [reject for _, rejects in alone for reject in rejects]
    covered = {each[0] for part in together for each in part}
    empty = {at for at, message in enumerate(messages) if message and message.strip() == b"[]"}
    assert covered | empty == set(range(len(messages)))
