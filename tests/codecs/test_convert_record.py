"""JSON to CSV as the reference's NiFi made it, and read back as ratings."""

import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from starwatch.codecs.convert_record import FIELDS, Unreadable, converted
from starwatch.codecs.options import InputOptions
from starwatch.codecs.payloads import Payloads
from starwatch.ratings.scale import Scale


def line(**fields):
    return converted(json.dumps(fields).encode()).text


def rating(value):
    """A message with nothing but a rating, written as it is, gives such a field."""
    text = converted(f'{{"rating": {value}}}'.encode()).text.decode()
    return text.removeprefix(",,,").removesuffix(",\n")


def refusal(message):
    with pytest.raises(Unreadable) as refused:
        converted(message)
    return str(refused.value)


def test_the_cases_of_a_real_one_to_the_byte(shared_data):
    cases = json.loads((shared_data / "nifi_convertrecord.json").read_text())
    assert len(cases) == 30
    for case in cases:
        message, expected = case["mqtt"].encode(), [text.encode() for text in case["kafka"]]
        try:
            found = [converted(message).text]
        except Unreadable:
            found = []
        assert found == expected, case["case"]


def test_fields_in_the_order_of_the_schema_and_no_others():
    given = {"x": 1, "productID": "0000143502", "rating": 5, "reviewerID": "A1", "timestamp": 7}
    assert line(**given) == b"7,A1,,5,0000143502\n"
    assert line(ProductID="p", Rating=5) == b",,,,\n"


@pytest.mark.parametrize(
    ("text", "field"),
    [
        ("a,b", '"a,b"'),
        ('say "so"', r'"say \"so\""'),
        ("a\\b", r'"a\\b"'),
        ("a\rb\n c", '"a\rb\n c"'),
        ("!a", '"!a"'),
        ("#1", '"#1"'),
        ("$1", "$1"),
        ("a\tb", "a\tb"),
        (" \t\x00a\x1f\n", "a"),
        ("\u3000a\u00a0", "\u3000a\u00a0"),
        ("\ud800", "?"),
    ],
)
def test_quotes_only_where_needed_and_blanks_taken_off(text, field):
    assert line(reviewerID=text) == f",{field},,,\n".encode()


def test_an_empty_text_is_quoted_only_at_the_start_of_a_line():
    assert line(timestamp=" ", reviewerID="", dummy=None) == b'"",,,,\n'
    assert line(timestamp=None) == b",,,,\n"


@pytest.mark.parametrize(
    ("number", "field"),
    [
        ("5", "5"),
        ("-0", "0"),
        ("12345678901234567890123", "12345678901234567890123"),
        ("4.70", "4.7"),
        ("5.0", "5.0"),
        ("-0.0", "-0.0"),
        ("1e3", "1000.0"),
        ("9999999.5", "9999999.5"),
        ("10000000.0", "1.0E7"),
        ("123456789.5", "1.234567895E8"),
        ("0.001", "0.001"),
        ("0.00012", "1.2E-4"),
        ("-1E+400", "-Infinity"),
    ],
)
def test_numbers_as_java_prints_them(number, field):
    assert rating(number) == field


@pytest.mark.parametrize(
    ("value", "field"),
    [
        ("true", "true"),
        ("[]", "[]"),
        ("[1, 2.5, null]", '"[1.0, 2.5, null]"'),
        ('["a", "b c"]', '"[a, b c]"'),
        ('{"b": 1, "a": {"c": null}}', '"MapRecord[{b=1, a=MapRecord[{c=null}]}]"'),
    ],
)
def test_what_is_no_text_and_no_number(value, field):
    assert rating(value) == field


def test_several_records_of_a_message_are_a_line_each():
    both = b',,,1,p\n,,,2,"q"\n'.replace(b'"', b"")
    one, two = b'{"rating":1,"productID":"p"}', b'{"rating":2,"productID":"q"}'
    for message in (
        one + two,
        b"[" + one + b"," + two + b"]",
        b"[" + one + b",[" + two + b"]]",
        b"[" + one + b"]\n[" + two + b"]",
    ):
        assert converted(message).text == both
        assert converted(message).products == ("p", "q")


def test_whole_numbers_beside_fractions_become_fractions():
    assert converted(b'[{"rating":5},{"rating":4.5}]').text == b",,,5.0,\n,,,4.5,\n"
    huge = b'[{"rating":5},{"rating":12345678901234567890},{"rating":1.5}]'
    assert converted(huge).text == b",,,5,\n,,,12345678901234567890,\n,,,1.5,\n"


@pytest.mark.parametrize("message", [b"", b" \n", b"[]", b"5", b"null", b'[5,{"rating":1}]'])
def test_a_message_that_begins_with_no_record_gives_an_empty_one(message):
    assert converted(message).text == b""


@pytest.mark.parametrize(
    "message",
    [
        b"{",
        b'{"rating":1} 5',
        b'[{"rating":1},5]',
        b'{"rating":1},{"rating":2}',
        b'{"rating":NaN}',
        b'{"rating":01}',
        b'{"rating":"a\nb"}',
        b"{'rating':1}",
        b"5x",
        b'5{"rating":1}',
        b"hello",
        b"[" * 100_000,
    ],
)
def test_what_is_no_json_or_not_only_objects_is_refused(message):
    assert refusal(message)


def test_a_refusal_says_why():
    assert refusal(b'{"rating": nix}') == "no JSON: expecting value at character 11"
    assert refusal(b'{"a":"\xff"}') == "no JSON: bytes that are no utf-8 from byte 6"
    assert refusal(b"{} 5").startswith("a JSON value that is no object")


def outcome(message):
    """The text of a message, or why there is none."""
    try:
        return converted(message).text
    except Unreadable as refused:
        return str(refused)


@pytest.mark.parametrize("levels", [10, 300, 900, 5000, 200_000])
def test_what_is_nested_deeply_is_converted_or_refused(levels):
    nested = b'{"rating":' * levels + b"1" + b"}" * levels
    assert outcome(nested) == "no JSON: too deep" or outcome(nested).count(b"MapRecord") < levels
    assert outcome(b"[" * levels + b"]" * levels) in {b"", "no JSON: too deep"}


SCRAPS = rb'{ } [ ] " \ : , 1 - .5 e9 null true "rating" "productID": {"rating":4.5} x'.split()


@settings(deadline=None)
@given(
    st.one_of(
        st.binary(max_size=40),
        st.lists(st.sampled_from([*SCRAPS, b" ", b"\xff"]), max_size=20).map(b"".join),
    )
)
def test_whatever_comes_is_converted_or_refused(message):
    found = outcome(message)
    assert found == b"" or found[-1:] == b"\n" or (isinstance(found, str) and found)


def test_other_encodings_of_json_are_read():
    text = '{"reviewerID":"ñ"}'
    for encoding in ("utf-8-sig", "utf-16", "utf-16-le", "utf-32"):
        assert converted(text.encode(encoding)).text == ",ñ,,,\n".encode()


TEXTS = st.text(st.characters(codec="utf-8"), min_size=1, max_size=40).filter(
    lambda text: text.strip("".join(map(chr, range(0x21))))
)


@settings(deadline=None)
@given(
    st.lists(
        st.fixed_dictionaries(
            {
                "timestamp": st.integers(700_000_000, 4_000_000_000),
                "reviewerID": TEXTS,
                "dummy": st.one_of(st.none(), TEXTS, st.integers(), st.booleans()),
                "rating": st.one_of(st.integers(1, 5), st.sampled_from(["1", "5.0", " 3 "])),
                "productID": TEXTS,
            },
        ),
        min_size=1,
        max_size=4,
    )
)
def test_what_went_in_is_read_back_by_our_own_codec(ratings):
    text = b"".join(converted(json.dumps(each).encode()).text for each in ratings)
    payloads = Payloads(InputOptions(), Scale.parse("1..5/1"))
    read = payloads.decode([text], np.arange(1))
    blank = "".join(map(chr, range(0x21)))
    assert read.rejects == ()
    assert read.reviewer.to_pylist() == [each["reviewerID"].strip(blank) for each in ratings]
    assert read.product.to_pylist() == [each["productID"].strip(blank) for each in ratings]
    assert read.stars.tolist() == [int(float(each["rating"])) - 1 for each in ratings]
    assert read.event_ms.tolist() == [each["timestamp"] * 1000 for each in ratings]


def test_the_fields_are_those_that_the_codec_takes_for_the_reference():
    given = dict(zip(FIELDS, (1_500_000_000, "A1", "x", 5, "0000143502"), strict=True))
    assert line(**given) == b"1500000000,A1,x,5,0000143502\n"
