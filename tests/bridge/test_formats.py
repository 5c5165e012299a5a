"""What a message becomes, and the key that it gets."""

import json

import pytest

from starwatch.bridge.formats import as_csv, as_is

ONE = {"reviewerID": "A1", "productID": " 0000143502 ", "rating": 5}
OTHER = {"reviewerID": "A1", "productID": "B00X", "rating": 5}


@pytest.mark.parametrize(
    ("message", "key"),
    [
        (ONE, b"0000143502"),
        ({"asin": "B00X", "overall": 5}, b"B00X"),
        ({"product": 7}, b"7"),
        ([ONE, ONE], b"0000143502"),
        ([ONE, OTHER], None),
        ({"rating": 5}, None),
        ({"productID": None}, None),
        ({"productID": ["a"]}, None),
        ({"productID": "x" * 513}, None),
        ([], None),
    ],
)
def test_the_product_of_json_is_the_key(message, key):
    payload = json.dumps(message).encode()
    assert as_is(payload).value == payload
    assert as_is(payload).key == key


@pytest.mark.parametrize(
    ("payload", "key"),
    [
        (b"1500000000,A1,x,5,0000143502", b"0000143502"),
        (b'1500000000,"A,1",x,5,"0\\"1"\n', b'0"1'),
        (b"A1,0000143502,5,1500000000\n", b"0000143502"),
        (b"1,A1,x,5,p\n2,A2,x,4,p\n", b"p"),
        (b"1,A1,x,5,p\n2,A2,x,4,q\n", None),
        (b"a,b", None),
        (b"hello", None),
        (b'"', None),
        (b"", None),
        (b"\xff\x00", None),
        (b'{"productID":', None),
    ],
)
def test_the_product_of_csv_is_the_key_too_and_nothing_else_has_one(payload, key):
    assert as_is(payload).value == payload
    assert as_is(payload).key == key


def test_as_csv_the_key_is_what_stands_in_the_line():
    made = as_csv(json.dumps(ONE).encode())
    assert made.value == b",A1,,5,0000143502\n"
    assert made.key == b"0000143502"
    assert as_csv(json.dumps([ONE, OTHER]).encode()).key is None
    assert as_csv(b'{"productID": true}').key == b"true"
    assert as_csv(b"[]").key is None
