"""Addresses of the flow's ends."""

import pytest

from starwatch.errors import BadSetting
from starwatch.nifi.edges import inlet, outlet


def test_a_broker():
    step = inlet("mqtt://broker/shops/+/ratings", "Two shops").step
    assert step.properties["Broker URI"] == "tcp://broker:1883"
    assert step.properties["Topic Filter"] == "shops/+/ratings"
    assert step.properties["Client ID"] == "nifi-two-shops"


def test_a_port():
    first = inlet("http://nifi.local:9000/ratings", "g")
    assert first.step.properties == {"Listening Port": "9000", "Base Path": "ratings"}
    assert first.listens == "http://nifi.local:9000/ratings/healthcheck"


def test_a_cluster_of_kafka():
    step = outlet("kafka://one,two:9093/ratings").step
    assert step.properties["bootstrap.servers"] == "one:9092,two:9093"
    assert step.properties["topic"] == "ratings"


def test_a_receiver():
    assert (
        outlet("https://host/lines?a=b").step.properties["Remote URL"] == "https://host/lines?a=b"
    )


@pytest.mark.parametrize(
    ("end", "url", "told"),
    [
        (lambda url: inlet(url, "g"), "mqtts://h/t", "does not begin with mqtt:// or http://"),
        (lambda url: inlet(url, "g"), "mqtt://h", "cannot be read. It reads mqtt"),
        (lambda url: inlet(url, "g"), "mqtt://h:99999/t", "cannot be read"),
        (lambda url: inlet(url, "g"), "http://h:x/t", "cannot be read"),
        (lambda url: inlet(url, "g"), "http://a,b/t", "names several hosts"),
        (lambda url: inlet(url, "g"), "http://a/t?b=c", "is more than a path"),
        (lambda url: inlet(url, "g"), "kafka://h/t", "It reads mqtt://HOST:PORT/TOPIC, or http"),
        (outlet, "mqtt://h/t", "It reads kafka://HOST:PORT/TOPIC, or http"),
        (outlet, "http://a,b/t", "names several hosts"),
        (outlet, "kafka:///t", "cannot be read"),
        (outlet, "kafka", "cannot be read"),
        (outlet, "kafka:/h/t", "does not begin with"),
        (outlet, "kafka://", "cannot be read"),
        (outlet, "", "does not begin with"),
    ],
)
def test_what_cannot_be_is_told_with_what_can(end, url, told):
    with pytest.raises(BadSetting, match=told):
        end(url)


@pytest.mark.parametrize("url", ["mqtt://me:secret@h/t", "mqtts://me:secret@h/t"])
def test_a_password_is_not_written_into_the_flow_nor_told(url):
    with pytest.raises(BadSetting) as error:
        inlet(url, "g")
    assert "secret" not in str(error.value)
