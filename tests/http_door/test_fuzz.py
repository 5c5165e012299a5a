"""Whatever is posted, a body is taken or refused, each rating is in one class, nothing breaks."""

import gzip
import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from http_door.served import JOB, ONE, served
from starwatch.admission.validity import AHEAD_MS, OLDEST_MS
from starwatch.codecs.messages import JsonMessages
from starwatch.codecs.options import InputOptions
from starwatch.ports import Receipt
from starwatch.ratings.scale import Scale
from starwatch.sources.http_door.answers import answers
from starwatch.sources.http_door.bodies import TYPES, Messages, Refused, split, unpacked
from starwatch.sources.http_door.limits import DoorLimits

SMALL = DoorLimits(body_bytes=2000, lines=20)
RATING = json.dumps(ONE).encode()
PIECES = st.sampled_from(
    [
        RATING,
        b"{",
        b"}",
        b"[",
        b"]",
        b",",
        b"\n",
        b"\r\n",
        b'"',
        b"\xef\xbb\xbf",
        b"null",
        b"a=1&b",
        b"%ff",
    ]
)
BODIES = (
    st.binary(max_size=300)
    | st.lists(PIECES, max_size=12).map(b"".join)
    | st.lists(st.just(RATING), max_size=25).map(b"\n".join)
)
KINDS = st.sampled_from(["", *TYPES, "application/json; charset=utf-8", "image/png", ";"])


def taken(body, kind):
    """The messages of a body, or None where it is refused as it may be."""
    try:
        return split(body, kind, SMALL)
    except Refused as refused:
        if refused.status not in {400, 413, 415} or not refused.message:
            raise
        return None


@settings(deadline=None)
@given(BODIES, KINDS)
def test_any_body_is_split_or_refused(body, kind):
    messages = taken(body, kind)
    if messages is None:
        return
    assert 0 < len(messages.each) <= SMALL.lines
    assert all(messages.each)
    if messages.lines is not None:
        assert len(messages.lines) == len(messages.each)
        lines = body.split(b"\n")
        assert all(
            each in lines[at - 1] for at, each in zip(messages.lines, messages.each, strict=True)
        )


@settings(deadline=None)
@given(st.binary(max_size=300) | st.binary(max_size=300).map(gzip.compress), st.integers(0, 300))
def test_any_gzip_is_unpacked_or_refused(body, limit):
    try:
        whole = unpacked(body, "gzip", limit)
    except Refused as refused:
        if refused.status not in {400, 413}:
            raise
    else:
        assert len(whole) <= limit
        assert whole == gzip.decompress(body)


@settings(deadline=None)
@given(st.lists(st.tuples(BODIES, KINDS), min_size=1, max_size=6), st.integers(0, 1 << 40))
def test_each_rating_of_posts_that_share_a_delivery_is_answered_once(bodies, first):
    posts = [found for body, kind in bodies if (found := taken(body, kind)) is not None]
    each = [message for post in posts for message in post.each]
    if not each:
        return
    decoded = JsonMessages(InputOptions(), Scale()).decode(each, first=first)
    classes = np.arange(len(decoded), dtype=np.uint8) % 4
    made = answers(posts, decoded, Receipt(classes), first=first, now_ms=0)
    told = [json.loads(answer.body) for answer in made]
    names = ("counted", "duplicate", "late", "rejected")
    for post, answer, body in zip(posts, made, told, strict=True):
        assert body["received"] == answer.ratings == len(post.each)
        assert sum(body[name] for name in names) == len(post.each)
        assert answer.status == (400 if body["rejected"] == len(post.each) else 200)
        lines = [reject["line"] for reject in body["rejects"]]
        assert len(lines) == body["rejected"]
        assert sorted(set(lines)) == lines
        assert set(lines) <= set(post.lines or range(1, len(post.each) + 1))
    for at, name in enumerate(names[:3]):
        assert sum(body[name] for body in told) == np.count_nonzero(classes == at)


def test_an_answer_tells_its_own_rejects():
    """Posts of one delivery: rejects and classes are cut where the posts are."""
    bad = b"{}"
    posts = [Messages([RATING]), Messages([bad, RATING, bad], [2, 4, 9]), Messages([bad])]
    decoded = JsonMessages(InputOptions(), Scale()).decode([m for p in posts for m in p.each])
    made = answers(posts, decoded, Receipt(np.array([1, 0], np.uint8)), first=0, now_ms=0)
    told = [json.loads(answer.body) for answer in made]
    assert [answer.status for answer in made] == [200, 200, 400]
    assert [body["duplicate"] for body in told] == [1, 0, 0]
    assert [body["counted"] for body in told] == [0, 1, 0]
    assert [[reject["line"] for reject in body["rejects"]] for body in told] == [[], [2, 9], [1]]


@pytest.mark.slow
def test_schemathesis_finds_nothing_against_the_description(tmp_path):
    job = type(JOB)(windows=JOB.windows, oldest_ms=OLDEST_MS, ahead_ms=AHEAD_MS)
    with served(tmp_path, job=job) as door:
        done = subprocess.run(
            [
                Path(sys.executable).with_name("schemathesis"),
                *("--config-file", Path(__file__).with_name("schemathesis.toml")),
                *("run", f"{door.url}/openapi.json"),
                *("--max-examples", "150", "--no-color", "--continue-on-failure"),
            ],
            cwd=tmp_path,
            capture_output=True,
            text=True,
            timeout=400,
            check=False,
        )
        assert done.returncode == 0, done.stdout
        assert "4 selected / 4 total" in done.stdout
        books = door.service.figures().books
        assert books.balanced
        assert books.received > 30
        assert door.source.posts[500] == 0
        assert door.service.sources[0].health.failures == 0
