import json
from decimal import Decimal, localcontext

import numpy as np
import pytest
from blocks import in_pieces, plain
from hypothesis import given, settings
from hypothesis import strategies as st

from starwatch.codecs import json_lines, records
from starwatch.codecs.json_lines import JsonLinesDecoder
from starwatch.codecs.messages import JsonMessages
from starwatch.codecs.options import InputOptions
from starwatch.codecs.payloads import Payloads
from starwatch.codecs.stars import star_index
from starwatch.errors import BadSetting, UnknownColumn
from starwatch.ratings.scale import Scale


def decode(*messages, **options):
    return plain([JsonMessages(InputOptions(**options), Scale()).decode(messages)])


def read(data, size=1 << 20, **options):
    return plain(in_pieces(JsonLinesDecoder(InputOptions(**options), Scale()), data, size))


GOOD = b'{"reviewerID": "A1", "asin": "007", "overall": 5.0, "unixReviewTime": 1358380800}'
RATING = (0, "007", "A1", 4, 1358380800000, None)


def test_a_message():
    assert decode(GOOD) == ([RATING], [], 1)


@pytest.mark.parametrize("stars", ["5", "5.0", '"5"', '" 5.0 "', "5e0"])
@pytest.mark.parametrize("time", ["1358380800", "1358380800000", '"2013-01-17"', "1358380800.0"])
@pytest.mark.parametrize("product", ['"7"', "7"])
def test_values_in_every_form(stars, time, product):
    message = f'{{"ASIN": {product}, "rating": {stars}, "ts": {time}, "x": [1], "id": 9}}'.encode()
    assert decode(message, GOOD)[0][0] == (0, "7", "", 4, 1358380800000, "9")
    assert decode(GOOD, message)[0][1] == (1, "7", "", 4, 1358380800000, "9")


@pytest.mark.parametrize(
    ("message", "reason"),
    [
        (b"", "unreadable"),
        (b"nope", "unreadable"),
        (b"[1]", "unreadable"),
        (b'{"asin": "B", "rating": 5', "unreadable"),
        (b'{"asin": "\xff", "rating": 5}', "unreadable"),
        (b'{"asin": ["B"], "rating": 5}', "unreadable"),
        (b'{"asin": 1.5, "rating": 5}', "unreadable"),
        (b'{"a":' + b"[" * 100_000, "unreadable"),
        (b'{"rating": 5}', "missing_product"),
        (b'{"asin": null, "rating": 5}', "missing_product"),
        (b'{"asin": "B"}', "missing_stars"),
        (b'{"asin": "B", "rating": ""}', "missing_stars"),
        (b'{"asin": "B", "rating": true}', "bad_stars"),
        (b'{"asin": "B", "rating": "unreadable"}', "bad_stars"),
        (b'{"asin": "B", "rating": 4.5}', "off_scale"),
        (b'{"asin": "B", "rating": 5, "time": []}', "bad_time"),
        (b'{"asin": "B", "rating": 5, "time": "?"}', "bad_time"),
        (b'{"asin": "%s", "rating": 5}' % (b"B" * 513), "id_too_long"),
    ],
)
def test_a_bad_message_is_alone_in_its_trouble(message, reason):
    ratings, rejects, slots = decode(GOOD, message, GOOD)
    assert [rating[0] for rating in ratings] == [0, 2]
    assert rejects == [(1, reason, message[:4096])]
    assert slots == 3


def test_an_earlier_name_goes_before_whatever_came_first():
    parent, both = (
        b'{"parent_asin": "P", "rating": 5}',
        b'{"parent_asin":"P","asin":"A","rating":5}',
    )
    for messages in ([parent, both, parent], [both, parent, both]):
        products = [rating[1] for rating in decode(*messages)[0]]
        assert products == ["A" if b'"asin"' in message else "P" for message in messages]


HALVES = Scale.parse("0..5/0.5")


@st.composite
def _near_a_step(draw):
    """A number that is a step of the scale or not far from one, with the point anywhere."""
    step = draw(st.sampled_from(HALVES.values))
    off = draw(st.sampled_from([-1, 0, 0, 1])) * Decimal(10) ** -draw(st.integers(1, 25))
    with localcontext() as exact:
        exact.prec = 60
        number = step + off
        shift = draw(st.integers(-8, 8))
        return draw(
            st.sampled_from([f"{number:f}", f"{number.scaleb(shift):f}e{-shift}", f"{number:e}"])
        )


@settings(deadline=None)
@given(st.lists(_near_a_step(), min_size=1, max_size=6))
def test_every_digit_of_a_number_counts(numbers):
    wanted = [star_index(number, HALVES) for number in numbers]
    messages = [f'{{"product":"a","stars":{number}}}'.encode() for number in numbers]
    decoded = JsonMessages(InputOptions(), HALVES).decode(messages)
    assert decoded.stars.tolist() == [step for step in wanted if isinstance(step, int)]
    reasons = [step for step in wanted if not isinstance(step, int)]
    assert [reject.reason for reject in decoded.rejects] == reasons


@pytest.mark.parametrize(
    "stars", ["4.50000000000000000000001", "4.4999999999999999999", "45000000.000000000001e-7"]
)
@pytest.mark.parametrize("before", [[], [b'{"product":"a","stars":4.5}']])
def test_what_a_float_does_not_tell_from_a_step_is_off_the_scale_in_json_and_csv(stars, before):
    message = f'{{"product":"a","stars":{stars}}}'.encode()
    decoded = JsonMessages(InputOptions(), HALVES).decode([*before, message])
    assert len(decoded) == len(before)
    assert [str(reject.reason) for reject in decoded.rejects] == ["off_scale"]
    record = f"A1,a,{stars},1500000000".encode()
    decoded = Payloads(InputOptions(), HALVES).decode([record], np.arange(1))
    assert [str(reject.reason) for reject in decoded.rejects] == ["off_scale"]


@pytest.mark.parametrize("name", ["a\n", 'a"', "a\\", "\x00", "ä\x1f", ""])
def test_a_name_may_be_any_text(name):
    odd = json.dumps({name: 1, "asin": "007", "stars": 5, "ts": 1358380800}).encode()
    rating = (0, "007", "", 4, 1358380800000, None)
    assert decode(odd) == ([rating], [], 1)
    assert [each[1:5] for each in decode(GOOD, odd, GOOD)[0]] == [
        ("007", "A1", 4, 1358380800000),
        ("007", "", 4, 1358380800000),
        ("007", "A1", 4, 1358380800000),
    ]
    mapped = json.dumps({"asin": "007", "stars": 5, name: 1358380800}).encode()
    if name:
        assert decode(mapped, columns={"time": name}) == ([rating], [], 1)


def test_fields_are_read_though_too_many_names_came_before():
    junk = [json.dumps({f"n{at}": 1, "p": 2}).encode() for at in range(100)]
    late = b'{"user": "A1", "item": "007", "score": 5, "ts": 1358380800, "id": "9"}'
    assert decode(*junk, late)[0] == [(100, "007", "A1", 4, 1358380800000, "9")]


_NAMES = st.sampled_from(["user", "asin", "stars", "ts", "id", "overall"]) | st.text(max_size=3)
_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=2), inner),
    max_leaves=4,
)
_MESSAGES = st.dictionaries(_NAMES, _VALUES, max_size=8).map(lambda one: json.dumps(one).encode())


@settings(deadline=None)
@given(st.lists(_MESSAGES | st.binary(max_size=60) | st.just(GOOD), max_size=12))
def test_whatever_comes_each_message_is_read_as_if_it_were_alone(messages):
    ratings, rejects, slots = decode(*messages)
    assert slots == len(messages)
    alone = [decode(message) for message in messages]
    assert [one[1:] for one in ratings] == [
        (*one[1:5], one[5] or ("" if _ids(ratings) else None))
        for one, *_ in (found for found, _, _ in alone if found)
    ]
    assert [one[1:] for one in rejects] == [one[1:] for _, found, _ in alone for one in found]


def _ids(ratings):
    return any(one[5] is not None for one in ratings)


def test_columns_are_mapped_by_name():
    assert (
        decode(b'{"sku": "B", "asin": "x", "rating": 5}', columns={"product": "sku"})[0][0][1]
        == "B"
    )
    with pytest.raises(BadSetting, match="--column product=NAME"):
        decode(columns={"product": 1})


def test_lines():
    data = b"\xef\xbb\xbf" + GOOD + b"\r\n\n-\nnope\n\r\n" + GOOD
    for size in (7, 1 << 20):
        ratings, rejects, slots = read(data, size)
        assert [rating[0] for rating in ratings] == [0, 3]
        assert rejects == [(2, "unreadable", b"nope")]
        assert slots == 4
    assert read(b"") == ([], [], 0)


def test_a_file_without_a_field_is_refused():
    with pytest.raises(UnknownColumn, match="Did you mean --column product=prodct"):
        read(b'{"prodct": "B", "rating": 5}\n')


def test_a_line_without_end_costs_one_slot(monkeypatch):
    monkeypatch.setattr(records, "MAX_RECORD", 200)
    monkeypatch.setattr(json_lines, "MAX_RECORD", 200)
    data = GOOD + b"\n" + b"[" * 9000 + b"\n" + GOOD + b"\n"
    monkeypatch.setattr(json_lines, "HEAD_BYTES", 100)
    for size in (7, 1 << 20):
        ratings, rejects, slots = read(data, size)
        assert [rating[0] for rating in ratings] == [0, 2]
        assert [(at, reason) for at, reason, _ in rejects] == [(1, "unreadable")]
        assert slots == 3


def test_half_a_second_is_kept_among_whole_ones_and_texts():
    for others in ([], [b'{"asin": "B", "rating": 5, "time": 5}'], [b'{"asin": 1, "time": "5"}']):
        ratings, _, _ = decode(*others, b'{"asin": "B", "rating": 5, "time": 4.5}')
        assert ratings[-1][4] == 4500


_NAMES = st.sampled_from(["asin", "parent_asin", "ASIN", "rating", "overall", "time", "user", "x"])
_VALUES = st.sampled_from(
    [5, 5.0, "5", 4.5, 2**63, "B", "", None, True, [], {}, 1358380800, "2013-01-17"]
)
_OBJECT = st.dictionaries(_NAMES, _VALUES, max_size=5).map(json.dumps)
_LINES = st.lists(st.one_of(_OBJECT, st.sampled_from(["-", "", "{", "1"])), max_size=12)


@settings(deadline=None)
@given(_LINES, st.integers(1, 60))
def test_blocks_do_not_matter_and_messages_stand_alone(lines, size):
    data = "\n".join([GOOD.decode(), *lines]).encode()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(json_lines, "HEAD_BYTES", len(GOOD))
        assert _without_absent(read(data, size)) == _without_absent(read(data))
    alone = [decode(line.encode()) for line in lines if line not in ("", "-")]
    together = decode(*(line.encode() for line in lines if line not in ("", "-")))
    assert [r[1:] for ratings, _, _ in alone for r in ratings] == [r[1:] for r in together[0]]
    assert [r[1:] for _, rejects, _ in alone for r in rejects] == [r[1:] for r in together[1]]


def _without_absent(result):
    """A block in which no message has an id has no column of ids."""
    ratings, rejects, slots = result
    return [(*rating[:5], rating[5] or "") for rating in ratings], rejects, slots
