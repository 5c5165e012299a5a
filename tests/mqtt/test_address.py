"""URLs of brokers, and what is wrong with some."""

import pytest

from starwatch.errors import BadSetting
from starwatch.mqtt.address import parse


def read(url, **options):
    return parse(url, options, {"qos": int})


@pytest.mark.parametrize(
    ("url", "broker", "topics"),
    [
        ("mqtt://h/amazon", "mqtt://h:1883", ("amazon",)),
        ("mqtts://h/amazon", "mqtts://h:8883", ("amazon",)),
        ("mqtt://127.0.0.1:99/a/+/b/#", "mqtt://127.0.0.1:99", ("a/+/b/#",)),
        ("mqtt://[::1]:99//a", "mqtt://[::1]:99", ("/a",)),
        ("mqtt://[::1]/a%3Fb", "mqtt://[::1]:1883", ("a?b",)),
        ("mqtt://h/$share/g/a", "mqtt://h:1883", ("$share/g/a",)),
        ("mqtt://h/a?topic=b+c&topic=%23&topic=a", "mqtt://h:1883", None),
        ("mqtt://h", "mqtt://h:1883", ()),
    ],
)
def test_a_url_names_broker_and_topics(url, broker, topics):
    if topics is None:
        url, topics = url.replace("b+c", "b"), ("a", "b", "#")
    found = read(url)
    assert (found.broker, found.topics) == (broker, topics)
    assert found.name == f"{broker}/{','.join(topics)}"


def test_a_login_is_taken_and_not_shown():
    found = read("mqtt://me%40here:pa%3Ass:@h:1/t")
    assert (found.user, found.password, found.port) == ("me@here", "pa:ss:", 1)
    assert "pa" not in repr(found).replace("parse", "")
    assert found.name == "mqtt://h:1/t"


def test_options_stand_in_the_url_or_beside_it():
    assert read("mqtt://h/t?qos=2", qos=0).options == {"qos": 2}
    assert read("mqtt://h/t", qos="1", topic=["u", "v"]).topics == ("t", "u", "v")
    assert read("mqtt://h/t?protocol=3.1.1").protocol == 4


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("http://h/t", "no URL of an MQTT broker"),
        ("mqtt:///t", "names no host"),
        ("mqtt://h:0/t", "impossible port"),
        ("mqtt://h:x/t", "impossible port"),
        ("mqtt://h/a/#/b", "cannot be"),
        ("mqtt://h/a+", "cannot be"),
        ("mqtt://h/t?qos=x", "qos cannot be 'x'. It is a whole number"),
        ("mqtt://h/t?qoss=1", "no option 'qoss'. Did you mean qos"),
        ("mqtt://h/t?protocol=4", "MQTT 4 is unknown"),
        ("mqtt://h/t?ca_file=absent.pem", "absent.pem .* is not there"),
        ("mqtt://h/t?password_file=absent", "absent .* is not there"),
    ],
)
def test_what_cannot_be_is_one_line_that_says_so(url, said):
    with pytest.raises(BadSetting, match=said) as raised:
        read(url)
    assert "\n" not in str(raised.value)


@pytest.mark.parametrize("url", ["mqtt://u:s3cret@/t", "mqtt://u:s3cret@h:x/t"])
def test_no_error_shows_a_password(url):
    with pytest.raises(BadSetting) as raised:
        read(url)
    assert "s3cret" not in str(raised.value)
