"""Logging in: a cookie in place of a header, which is good for reading alone and says nothing."""

import time
from urllib.parse import urlencode

import pytest

from page.shown import Events, shown
from starwatch.page.login import COOKIE, Cookies

TOKEN = "a-long-token-of-the-shop"
FORM = "application/x-www-form-urlencoded"


@pytest.fixture(scope="module")
def guarded(first_252):
    with shown(first_252, token=TOKEN) as page:
        yield page


def login(page, token=TOKEN, target="/", **headers):
    body = urlencode({"token": token, "next": target})
    return page.ask("POST", "/login", body, content_type=FORM, **headers)


def cookie(page):
    return login(page).headers["set-cookie"].partition(";")[0]


def test_without_the_token_a_page_leads_to_the_login_and_back(guarded):
    for path in ("/", "/product?id=0000589012", "/rejects"):
        got = guarded.get(path)
        assert got.status == 303
        where = got.headers["location"]
        form = guarded.get(where)
        assert form.status == 200
        assert b'type="password"' in form.body
        assert b"252" not in form.body
    assert guarded.get("/api/v1/products").status == 401
    assert guarded.get("/api/v1/stream").status == 401
    assert guarded.get("/metrics").status == 401
    got = login(guarded, target="/product?id=0000589012")
    assert (got.status, got.headers["location"]) == (303, "/product?id=0000589012")


def test_the_cookie_opens_pages_api_and_stream(guarded):
    jar = cookie(guarded)
    assert guarded.get("/", cookie=jar).status == 200
    assert guarded.get("/", cookie=f"other=1; {jar}").status == 200
    assert guarded.get("/api/v1/products", cookie=jar).status == 200
    with Events(guarded, "view=products", Cookie=jar) as tab:
        assert tab.next()[0] == "full"
    assert guarded.get("/", authorization=f"Bearer {TOKEN}").status == 200


def test_the_cookie_is_for_this_site_and_out_of_reach_of_scripts(guarded):
    set_cookie = login(guarded).headers["set-cookie"]
    for part in ("HttpOnly", "SameSite=strict", "Path=/", "Max-Age="):
        assert part in set_cookie
    assert TOKEN not in set_cookie


def test_a_wrong_token_opens_nothing_and_is_told_late(guarded):
    for token in ("", "wrong", TOKEN + "x", TOKEN[:-1], "ü"):
        began = time.monotonic()
        got = login(guarded, token)
        assert got.status == 403
        assert time.monotonic() - began > 0.4
        assert "set-cookie" not in got.headers
        assert b"not the token" in got.body


@pytest.mark.parametrize(
    "made",
    ["", "1.", "9999999999.", "9999999999.0", "x.y", "9999999999." + "0" * 64, TOKEN],
)
def test_a_made_up_cookie_opens_nothing(guarded, made):
    assert guarded.get("/api/v1/products", cookie=f"{COOKIE}={made}").status == 401


def test_a_cookie_ends_and_is_of_one_token():
    now = 1000.0
    cookies = Cookies(TOKEN, lambda: now)
    value, seconds = cookies.made()
    assert cookies.good(value)
    assert not Cookies("another", lambda: now).good(value)
    now += seconds + 1
    assert not cookies.good(value)


def test_the_cookie_is_no_key_to_the_door(tmp_path):
    from http_door.served import ONE, served  # noqa: PLC0415

    with served(tmp_path, token=TOKEN, page={}) as door:
        jar = cookie(door)
        assert door.get("/api/v1/status", cookie=jar).status == 200
        assert door.post(ONE, cookie=jar).status == 401
        assert door.post(ONE, authorization=f"Bearer {TOKEN}").status == 200


@pytest.mark.parametrize(
    "target",
    ["//evil.example", "https://evil.example", "/\\evil.example", "javascript:x", "/login", "/x"],
)
def test_nobody_is_sent_elsewhere(guarded, target):
    assert login(guarded, target=target).headers["location"] == "/"


def test_another_site_can_log_nobody_in_or_out(guarded):
    for headers in (
        {"sec_fetch_site": "cross-site"},
        {"sec_fetch_site": "same-site"},
        {"origin": "https://evil.example"},
    ):
        got = login(guarded, **headers)
        assert got.status == 400
        assert "set-cookie" not in got.headers
        out = guarded.ask("POST", "/logout", cookie=cookie(guarded), **headers)
        assert "set-cookie" not in out.headers
    assert login(guarded, sec_fetch_site="same-origin", origin="https://proxy").status == 303


def test_logging_out_takes_the_cookie_away(guarded):
    jar = cookie(guarded)
    assert b"logout" in guarded.get("/", cookie=jar).body
    assert b"logout" not in guarded.get("/", authorization=f"Bearer {TOKEN}").body
    got = guarded.ask("POST", "/logout", cookie=jar)
    assert got.status == 303
    assert "Max-Age=0" in got.headers["set-cookie"]


def test_a_huge_form_is_refused(guarded):
    got = guarded.ask("POST", "/login", "token=" + "x" * 10_000, content_type=FORM)
    assert got.status == 400


def test_under_a_prefix_the_cookie_is_of_that_path(first_252):
    with shown(first_252, token=TOKEN, prefix="/shop") as page:
        got = page.get("/shop/pipeline")
        assert got.headers["location"] == "/shop/login?next=%2Fpipeline"
        got = login(page, target="/pipeline")
        assert got.headers["location"] == "/shop/pipeline"
        assert "Path=/shop" in got.headers["set-cookie"]
