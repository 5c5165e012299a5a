"""URLs of servers: which sink they are for, what is wrong with them, and what is never shown."""

import builtins
import sys

import pytest

from starwatch.errors import BadSetting
from starwatch.ports import RowContext
from starwatch.sinks.registry import open_output, parse_output, parse_outputs, parse_sink
from starwatch.sinks.urls import SinkUrl, with_options, without_secrets
from starwatch.windows.job import Job
from starwatch.windows.products import ProductIds


@pytest.mark.parametrize("scheme", ["postgresql", "postgres"])
def test_a_url_names_its_sink(scheme: str) -> None:
    url = f"{scheme}://shop:hidden@db.example:5432/shop?table=a.b"
    output = parse_sink(url)
    assert (output.sink, output.target) == ("postgresql", url)
    assert output.name == f"{scheme}://shop@db.example:5432/shop?table=a.b"
    assert parse_output(url) == output
    assert "hidden" not in repr(output)


def test_what_is_no_url_is_an_output() -> None:
    assert parse_sink("jsonl:w.jsonl") == parse_output("jsonl:w.jsonl")


def test_an_unknown_scheme_is_answered_with_the_known_ones() -> None:
    with pytest.raises(BadSetting, match=r"no sink is for mysql://.*postgresql://.*jsonl:w.jsonl"):
        parse_sink("mysql://u:hidden@h/db")


def test_every_way_to_name_a_sink_says_so() -> None:
    for read in (parse_sink, parse_output, lambda text: parse_outputs([text])):
        with pytest.raises(BadSetting, match="no sink is for mysql://"):
            read("mysql://h/db")


def test_a_file_whose_name_looks_like_a_url_is_a_file() -> None:
    assert parse_output("jsonl://w").target == "//w"
    assert parse_sink("jsonl:a://b").target == "a://b"


def test_a_missing_client_is_named_with_the_command_that_installs_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    real = builtins.__import__

    def missing(name: str, *args: object, **more: object) -> object:
        if name == "psycopg":
            raise ImportError(name=name)
        return real(name, *args, **more)

    for module in [m for m in sys.modules if m.startswith(("psycopg", "starwatch.sinks.postgres"))]:
        monkeypatch.delitem(sys.modules, module)
    monkeypatch.setattr(builtins, "__import__", missing)
    with pytest.raises(BadSetting, match=r"pip install 'starwatch\[postgresql\]'"):
        parse_sink("postgresql://h/db")


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://u:hidden@h:port/db",
        "postgresql://u:hidden@h/db?tabel=x",
        "postgresql://u:hidden@h/db?timeout=soon",
        "postgresql://u:hidden/more@h/db",
    ],
)
def test_a_url_that_cannot_be_used_is_one_line_without_its_password(url: str) -> None:
    with pytest.raises(BadSetting) as caught:
        parse_sink(url)
    assert "hidden" not in str(caught.value)
    assert "\n" not in str(caught.value)


def test_two_outputs_with_one_name_are_refused_without_a_password() -> None:
    urls = ["postgresql://u:hidden@h/db", "postgresql://u:other@h/db"]
    with pytest.raises(
        BadSetting, match="two outputs would write to postgresql://u@h/db"
    ) as caught:
        parse_outputs(urls)
    assert "hidden" not in str(caught.value)


def test_a_server_needs_a_state() -> None:
    with pytest.raises(BadSetting, match=r"needs a state.*--state"):
        open_output(parse_sink("postgresql://h/db"), RowContext(Job(), ProductIds()))


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("redis://:hidden@h:6379/0", "redis://h:6379/0"),
        ("mqtt://u:hid%40den@[::1]:1883/shop", "mqtt://u@[::1]:1883/shop"),
        ("postgresql:///db?password=hidden&table=a.b", "postgresql:///db?table=a.b"),
        ("mqtt://u:hidden@h:x/", "mqtt://…"),
        ("mqtt://u:hidden/hidden@h/", "mqtt://…"),
        ("mqtt://u:123/hidden@h/", "mqtt://…"),
        ("kafka://h:1,h:2/topic", "kafka://h:1,h:2/topic"),
        ("https://u:hidden@h/x#timeout=5", "https://u@h/x"),
    ],
)
def test_nothing_secret_is_left(url: str, shown: str) -> None:
    assert without_secrets(url) == shown


def test_web_addresses_that_differ_in_their_secret_have_names_that_differ() -> None:
    names = {without_secrets(f"https://h/x?token={each}") for each in ("hidden1", "hidden2")}
    assert len(names) == 2
    assert not any("hidden" in name for name in names)


def test_parts_of_a_url() -> None:
    url = SinkUrl.parse("redis://us%40er:p%2Fw@h:1/0?maxlen=5", {"maxlen", "timeout"})
    assert (url.user, url.password, url.host, url.port, url.path) == ("us@er", "p/w", "h", 1, "0")
    assert url.number("maxlen", 7, lowest=1, whole=True) == 5
    assert url.timeout == 30
    assert "p/w" not in repr(url)
    with pytest.raises(BadSetting, match=r"'maxlne' of redis://h/.*are maxlen, timeout"):
        SinkUrl.parse("redis://:hidden@h/?maxlne=5", {"maxlen", "timeout"})
    for bad in ("0", "1.5", "x", "inf", "nan"):
        with pytest.raises(BadSetting, match=f"maxlen={bad} is not a whole number from 1 up"):
            SinkUrl.parse(f"redis://h/?maxlen={bad}", {"maxlen"}).number(
                "maxlen", 7, lowest=1, whole=True
            )


@pytest.mark.parametrize(
    "name", ["sasl.password", "ssl.key.password", "ssl.key.pem", "sasl.oauthbearer.client.secret"]
)
def test_secrets_of_a_client_are_in_no_name_of_a_sink(name: str) -> None:
    text = f"kafka://h:9092/windows?{name}=hidden&linger.ms=5"
    assert without_secrets(text) == "kafka://h:9092/windows?linger.ms=5"


def test_options_of_a_webhook_are_not_sent_to_its_receiver() -> None:
    text = with_options("https://shop.example/hook?id=1#timeout=5", {"batch": 3})
    assert text == "https://shop.example/hook?id=1#timeout=5&batch=3"
    assert with_options("https://shop.example/hook", {}) == "https://shop.example/hook"
