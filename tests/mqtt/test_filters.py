"""Topic filters with a topic in common, and sources that would count ratings twice."""

from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from commands import starwatch
from starwatch.mqtt.filters import overlap

LEVELS = ["a", "b", "", "$a"]
TOPICS = ["/".join(levels) for n in (1, 2, 3, 4) for levels in product(LEVELS, repeat=n)]


@st.composite
def filters(draw):
    levels = draw(st.lists(st.sampled_from([*LEVELS, "+"]), max_size=3))
    return "/".join([*levels, "#"] if draw(st.booleans()) or not levels else levels)


def matches(asked, topic):
    """The rules of MQTT 5.0, 4.7, for one topic."""
    wanted, levels = asked.split("/"), topic.split("/")
    if topic.startswith("$") and wanted[0] in ("+", "#"):
        return False
    if wanted[-1] == "#":
        wanted.pop()
        if len(levels) < len(wanted):
            return False
        levels = levels[: len(wanted)]
    return len(wanted) == len(levels) and all(
        one in ("+", other) for one, other in zip(wanted, levels, strict=True)
    )


@given(filters(), filters())
def test_two_filters_overlap_if_a_topic_matches_both(one, other):
    common = any(matches(one, topic) and matches(other, topic) for topic in TOPICS)
    assert overlap(one, other) == overlap(other, one) == common


BROKER = "mqtt://127.0.0.1:1"


@pytest.mark.parametrize(
    ("urls", "words"),
    [
        (["/ov/+?topic=ov/%23"], f"the topics 'ov/+' and 'ov/#' at {BROKER} overlap"),
        (["/ov/+", "/ov/a"], f"the topics 'ov/+' and 'ov/a' at {BROKER} overlap"),
        (["/a", "/a"], f"the source {BROKER}/a is given twice"),
        (["/a?qos=2", "/a?client_id=other"], f"the source {BROKER}/a is given twice"),
        (["/a?topic=$share/g/a"], "'a' and '$share/g/a'"),
        (["/$share/g/a?topic=$share/h/a"], "'$share/g/a' and '$share/h/a'"),
        (["/$share/g/+?topic=$share/g/a"], "'$share/g/+' and '$share/g/a'"),
    ],
)
def test_what_would_count_twice_is_refused_in_one_line(tmp_path, urls, words):
    path = tmp_path / "starwatch.toml"
    path.write_text("".join(f'[[source]]\nurl = "{BROKER}{url}"\n' for url in urls))
    flags = [word for url in urls for word in ("--source", BROKER + url)]
    for done in (
        starwatch("run", *flags, "--state", tmp_path / "s", "--no-http"),
        starwatch("config", "check", path),
    ):
        assert (done.code, done.err.count("\n")) == (2, 1)
        assert words in done.err
        assert "count twice" in done.err
    assert not (tmp_path / "s").exists()


@pytest.mark.parametrize(
    "urls",
    [
        [f"{BROKER}/a?topic=b/%23&topic=$share/group/c"],
        [f"{BROKER}/a", "mqtt://127.0.0.1:2/a"],
        [f"{BROKER}/%23", f"{BROKER}/$SYS/load"],
        [f"{BROKER}/$share/g/a?topic=x", f"{BROKER}/$share/g/a?topic=y"],
        ["kafka://127.0.0.1:1/a", f"{BROKER}/a"],
    ],
)
def test_what_has_nothing_in_common_can_be_used(tmp_path, urls):
    path = tmp_path / "starwatch.toml"
    path.write_text("".join(f'[[source]]\nurl = "{url}"\n' for url in urls))
    done = starwatch("config", "check", path)
    assert (done.code, done.err) == (0, "")
