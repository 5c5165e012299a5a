"""What a replay sends is what the reference's script sent, and is read back as it was."""

import json

import numpy as np
import pyarrow as pa
import pytest

from starwatch.codecs.messages import JsonMessages
from starwatch.codecs.options import InputOptions
from starwatch.errors import BadSetting
from starwatch.ratings.batch import NO_TIME, Batch
from starwatch.ratings.scale import Scale
from starwatch.sinks.outgoing import outgoing
from starwatch.sinks.publishers import open_publisher

HALVES = Scale.parse("0.5..5/0.5")


def batch(reviewer, product, stars, event_ms, ids=None):
    count = len(product)
    return Batch(
        arrival_ms=np.arange(count),
        partition=np.zeros(count, np.int32),
        position=np.arange(count),
        product=pa.array(product, pa.string()),
        reviewer=pa.array(reviewer, pa.string()),
        stars=np.array(stars, np.uint8),
        event_ms=np.array(event_ms, np.int64),
        rating_id=None if ids is None else pa.array(ids, pa.string()),
    )


def test_the_json_is_that_of_the_reference_script_byte_for_byte():
    (sent,) = outgoing(batch(["A3R5O"], ["0000143502"], [4], [1358380800000]), Scale())
    reference = {
        "reviewerID": "A3R5O",
        "productID": "0000143502",
        "rating": 5,
        "timestamp": 1358380800,
        "dummy": "a",
    }
    assert sent.json == json.dumps(reference).encode()
    assert (sent.product, sent.fields) == ("0000143502", reference)


@pytest.mark.parametrize("ids", [None, ["r1", "", "r3", "r4", "r5"]])
def test_a_receiver_reads_the_same_rating(ids):
    times = [1358380800000, 1358380800123, NO_TIME, 250, -86_400_000]
    given = batch(["é", "", "a,b", '"', "\n"], list("vwxyz"), [0, 9, 3, 4, 5], times, ids)
    sent = [each.json for each in outgoing(given, HALVES)]
    read = JsonMessages(InputOptions(), HALVES).decode(sent)
    assert read.rejects == ()
    assert read.product.equals(given.product)
    assert read.reviewer.equals(given.reviewer)
    assert read.stars.tolist() == given.stars.tolist()
    assert read.event_ms.tolist() == times
    assert (read.rating_id is None) == (ids is None)
    assert ids is None or read.rating_id.to_pylist() == ids


@pytest.mark.parametrize("url", ["ftp://here/there", "here"])
def test_an_unknown_target_is_named_with_those_that_are_there(url):
    with pytest.raises(BadSetting, match=r"no target of replays .* kafka://, mqtt:// or mqtts://$"):
        open_publisher(url, {})
