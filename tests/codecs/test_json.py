import json

import pytest
from blocks import in_pieces, plain
from hypothesis import given
from hypothesis import strategies as st

from starwatch.codecs import json_lines, records
from starwatch.codecs.json_lines import JsonLinesDecoder
from starwatch.codecs.messages import JsonMessages
from starwatch.codecs.options import InputOptions
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
