"""The pages: numbers in the first HTML, nothing of a rating becomes markup, strict headers."""

import gzip
import json
import re
from html.parser import HTMLParser
from urllib.parse import quote

import pytest

from page.conftest import EVIL
from page.shown import shown
from starwatch.page.pages import VIEWS
from starwatch.page.texts import clock, day, in_script

PRODUCT = "0000589012"
PAGES = ["/", f"/product?id={PRODUCT}", f"/compare?id={PRODUCT}", "/pipeline", "/rejects"]


class Parsed(HTMLParser):
    """What a browser makes of a page."""

    def __init__(self, body):
        super().__init__()
        self.tags, self.text, self.first = [], "", ""
        self._inside = None
        self.feed(body.decode())

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))
        self._inside = dict(attrs).get("id") if tag == "script" else self._inside
        if tag == "script":
            self.scripts = [*getattr(self, "scripts", []), dict(attrs)]

    def handle_endtag(self, tag):
        if tag == "script":
            self._inside = None

    def handle_data(self, data):
        if self._inside == "first":
            self.first += data
        else:
            self.text += data


def first_of(got):
    return json.loads(Parsed(got.body).first)


@pytest.mark.parametrize("path", PAGES)
def test_a_page_allows_nothing_inline_and_nothing_from_elsewhere(reference, path):
    got = reference.get(path)
    assert got.status == 200
    assert got.headers["content-type"] == "text/html; charset=utf-8"
    policy = got.headers["content-security-policy"]
    assert "unsafe" not in policy
    assert policy.startswith("default-src 'none'; script-src 'self'; style-src 'self'")
    assert "frame-ancestors 'none'" in policy
    assert got.headers["x-content-type-options"] == "nosniff"
    assert got.headers["referrer-policy"] == "same-origin"
    assert got.headers["x-frame-options"] == "DENY"
    for tag, attributes in Parsed(got.body).tags:
        assert not any(name.startswith("on") or name == "style" for name in attributes), tag
        assert tag != "style"
        assert (
            tag != "script" or attributes.get("type") == "application/json" or "src" in attributes
        )
        for name in ("src", "href", "action"):
            assert not attributes.get(name, "").startswith(("http", "//", "javascript"))


def test_the_first_numbers_stand_in_the_html(reference):
    page = Parsed(reference.get("/").body)
    assert "252 ratings came: 252 counted." in page.text
    assert PRODUCT in page.text
    product = Parsed(reference.get(f"/product?id={PRODUCT}").body)
    assert "4.10" in product.text
    assert "29" in product.text


def test_a_finished_replay_does_not_speak_as_if_it_were_live(reference):
    newest = reference.api("status")["newest_ms"]
    overview = Parsed(reference.get("/").body).text
    for said in (
        "finished",
        "Last rating",
        "Products rated at the end",
        clock(newest),
        day(newest),
    ):
        assert said in overview
    everything = [Parsed(reference.get(path).body).text for path in PAGES]
    for never in (
        "just now",
        "a second",
        "Still counting",
        "still counting",
        "Average now",
        "live",
    ):
        assert not any(never in each for each in everything), never
    assert "1 source, read to the end" in everything[3]


def test_windows_are_told_apart_and_what_late_ratings_missed_of_each(shifted):
    books = {each["label"]: each["missed"] for each in shifted.api("status")["specs"]}
    assert books == {"30s/5s": 8, "1m/20s+7s": 1}
    words = ["30 s, every 5 s", "1 min, every 20 s, shifted by 7 s"]
    pipeline = Parsed(shifted.get("/pipeline").body).text
    for each, missed in zip(words, books.values(), strict=True):
        assert f"window: {each} · missed by late ratings: {missed}" in pipeline
    overview = Parsed(shifted.get("/").body).text
    assert all(f"last {each}" in overview for each in words)


def test_the_first_answer_is_that_of_the_api(reference):
    first = first_of(reference.get("/?sort=id&limit=5"))
    assert first["view"] == "overview"
    assert first["products"] == reference.api("products", sort="id", limit=5)
    assert first["overview"] == reference.api("overview")
    first = first_of(reference.get(f"/product?id={PRODUCT}&window=1m"))
    assert first["product"] == reference.api("product", id=PRODUCT)
    assert first["series"] == reference.api("series", id=PRODUCT, window="1m")
    assert first_of(reference.get("/compare"))["compare"] is None


@pytest.mark.parametrize("product", EVIL)
def test_an_id_becomes_no_markup(evil, product):
    for path in ("/", "/rejects", f"/product?id={quote(product)}", f"/compare?id={quote(product)}"):
        got = evil.get(path)
        assert got.status == 200
        page = Parsed(got.body)
        assert not any(tag in {"i", "u", "b", "img"} for tag, _ in page.tags), path
        assert not any(name.startswith("on") for _, of in page.tags for name in of), path
        assert all("src" in script or script.get("id") == "first" for script in page.scripts)
        assert json.loads(page.first)
    page = Parsed(evil.get(f"/product?id={quote(product)}").body)
    assert product.split("\u2028")[0].strip() in page.text
    assert json.loads(page.first)["product"]["id"] == product


def test_rejects_are_in_the_page_and_no_markup(evil):
    page = Parsed(evil.get("/rejects").body)
    assert "<img onerror=x>" in json.loads(page.first)["rejects"]["rows"][0]["text"]
    assert json.loads(page.first)["late"]["rows"][0]["reviewer"] == "<late>"


def test_json_in_a_page_can_end_no_script():
    text = str(in_script({"a": "</script><!--\u2028\u2029&"}))
    assert not re.search("[<>&\u2028\u2029]", text)
    assert json.loads(text) == {"a": "</script><!--\u2028\u2029&"}


def test_what_is_not_there_is_a_page_to_who_asks_for_one(reference):
    for path in (f"/product?id={quote(EVIL[0])}", "/nothing"):
        got = reference.get(path, accept="text/html")
        assert got.status == 404
        assert got.headers["content-type"].startswith("text/html")
        assert "<script>alert" not in got.body.decode()
    assert reference.get("/nothing").json == {"error": "not found"}
    assert reference.get("/?limit=0").status == 400


def test_a_page_is_packed(reference):
    got = reference.get("/", accept_encoding="gzip")
    assert got.headers["content-encoding"] == "gzip"
    assert gzip.decompress(got.body).startswith(b"<!doctype html>")


def test_files_of_the_page_are_kept_for_ever_under_their_version(reference):
    body = reference.get("/").body
    names = re.findall(rb'(?:src|href)="(/static/[^"]+)"', body)
    for name in names:
        got = reference.get(name.decode())
        assert got.status == 200
        assert got.headers["cache-control"] == "public, max-age=31536000, immutable"
        tag = got.headers["etag"]
        assert tag.startswith('W/"')
        same = reference.get(name.decode(), if_none_match=tag)
        assert same.status == 304
        assert same.headers["cache-control"] == got.headers["cache-control"]
        old = re.sub(rb"/static/[^/]+", b"/static/0", name).decode()
        assert reference.get(old).headers["cache-control"] == "no-cache"
    for other in ("../api.py", "%2e%2e/pages.py", "nothing.js", ".hidden", ""):
        assert reference.get(f"/static/0/{other}").status == 404


def test_every_file_of_the_page_is_served_as_what_it_is(reference):
    from starwatch.page.static_files import StaticFiles  # noqa: PLC0415 - its files are the point

    static = StaticFiles()
    for name in static.names:
        got = reference.get(static.path(name))
        assert got.status == 200
        kind = got.headers["content-type"]
        assert kind.startswith("text/javascript") == name.endswith(".js")
        assert "octet-stream" not in kind, name


def test_one_file_holds_all_styles_once(reference):
    from starwatch.page.static_files import StaticFiles  # noqa: PLC0415 - its files are the point

    static = StaticFiles()
    joined = reference.get(static.path("page.css")).body
    parts = [name for name in static.names if name.endswith(".css") and name != "page.css"]
    assert len(parts) > 5
    for name in parts:
        assert joined.count(reference.get(static.path(name)).body) == 1, name


def test_behind_a_proxy_all_addresses_have_the_prefix(first_252):
    with shown(first_252, prefix="/shop") as page:
        for path in ("/", "/shop/", "/shop"):
            got = page.get(path)
            assert got.status == 200
            tags = Parsed(got.body).tags
            links = [of[name] for _, of in tags for name in ("href", "src", "action") if name in of]
            inner = [link for link in links if not link.startswith(("#", "?", "data:"))]
            assert inner
            assert all(link.startswith("/shop/") for link in inner), inner
        assert page.get("/shop/api/v1/products").json == page.api("products")
        assert page.get("/shopping").status == 404
        forwarded = page.get("/", x_forwarded_prefix="/evil").body
        assert b"/evil" not in forwarded


def test_every_view_has_a_path_that_no_ratings_are_posted_to():
    from starwatch.settings.http_section import HttpSection  # noqa: PLC0415

    for view in VIEWS:
        with pytest.raises(ValueError, match="answered by Starwatch itself"):
            HttpSection(path=view.path)
    for path in ("/api/v1/products", "/static/x", "/login"):
        with pytest.raises(ValueError, match="answered by Starwatch itself"):
            HttpSection(path=path)
    for prefix in ("shop", "/a b", "//evil", "/..<"):
        with pytest.raises(ValueError, match="no path prefix"):
            HttpSection(prefix=prefix)
    assert HttpSection(prefix="/shop/").prefix == "/shop"
