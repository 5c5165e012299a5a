"""The API: exact numbers of a real state, strict parameters, tags, packing, bounds."""

import csv
import gzip
import io
import json
import re
from pathlib import Path

import pytest

from commands import T0_MS
from page.conftest import EVIL

PRODUCT = "0000589012"


def test_series_are_the_hand_calculated_windows(reference):
    windows = json.loads(
        (Path(__file__).parents[2] / "../shared/data/movies_and_tv_first_six_windows.json")
        .resolve()
        .read_text(encoding="utf-8")
    )["windows"]
    for product in windows[-1]:
        series = reference.api("series", id=product, from_ms=T0_MS, to_ms=T0_MS + 30_000)
        points = series["points"]
        means = dict(zip(points["end_ms"], points["mean"], strict=True))
        wanted = {
            T0_MS + 5000 * at: window[product]
            for at, window in enumerate(windows, 1)
            if product in window
        }
        assert {end: float(f"{mean:.2f}") for end, mean in means.items()} == wanted


def test_means_are_exact_to_six_places(reference):
    product = reference.api("product", id=PRODUCT)
    weights = sum(stars * (at + 1) for at, stars in enumerate(product["all_stars"]))
    assert product["all_mean"] == round(weights / product["all_count"], 6)
    assert product["all_count"] == sum(product["all_stars"]) == 29


def test_products_are_sorted_filtered_and_paged(reference):
    everything = reference.api("products", sort="id", limit=500)
    ids = everything["rows"]["id"]
    assert everything["total"] == len(ids) == 16
    assert ids == sorted(ids)
    assert reference.api("products", sort="-id", limit=500)["rows"]["id"] == ids[::-1]
    page = reference.api("products", sort="id", offset=3, limit=4)
    assert (page["rows"]["id"], page["offset"], page["total"]) == (ids[3:7], 3, 16)
    found = reference.api("products", q="589012")
    assert found["rows"]["id"] == [PRODUCT]
    counts = reference.api("products", sort="-all_count", limit=500)["rows"]["all_count"]
    assert counts == sorted(counts, reverse=True)
    assert {len(column) for column in everything["rows"].values() if isinstance(column, list)} == {
        16
    }


def test_search_finds_ids_and_names_whatever_their_case(evil):
    assert evil.api("products", q="äPFEL")["rows"]["id"] == [EVIL[0]]
    assert evil.api("products", q="SCRIPT>ALERT")["rows"]["id"] == [EVIL[0]]
    assert evil.api("products", category="<u>fruit")["rows"]["id"] == [EVIL[0]]
    assert EVIL[0] not in evil.api("products", category="")["rows"]["id"]


@pytest.mark.parametrize("product", EVIL)
def test_any_id_can_be_asked_for(evil, product):
    assert evil.api("product", id=product)["id"] == product
    assert evil.api("series", id=product)["id"] == product


def test_a_comparison_has_each_product_once_on_one_grid(reference):
    ids = [PRODUCT, "0000143502", PRODUCT]
    compared = reference.api("compare", id=ids, window="1m/10s")
    assert [series["id"] for series in compared["series"]] == ids[:2]
    assert len({(s["from_ms"], s["step_ms"]) for s in compared["series"]}) == 1


def test_the_last_minute_ends_with_the_newest_window(reference):
    series = reference.api("series", id=PRODUCT, last="1m")
    end = reference.api("status")["newest_ms"] // 5000 * 5000 + 5000
    assert series["from_ms"] >= end - 60_000
    whole = reference.api("series", id=PRODUCT)["points"]["end_ms"]
    assert series["points"]["end_ms"] == [at for at in whole if at >= end - 60_000]
    stars = reference.api("stars", id=PRODUCT, last="1m")
    assert stars["count"] < reference.api("stars", id=PRODUCT)["count"]
    got = reference.get(f"/api/v1/series?id={PRODUCT}&last=1m&from_ms=1")
    assert got.status == 400


def test_a_window_with_an_offset_can_be_asked_for(shifted):
    series = shifted.api("series", id="P", window="1m/20s+7s")
    assert series["window"]["offset_ms"] == 7000
    assert series["points"]["end_ms"]
    assert {end % 20_000 for end in series["points"]["end_ms"]} == {7000}
    window = next(
        each
        for each in shifted.get("/openapi.json").json["paths"]["/api/v1/series"]["get"][
            "parameters"
        ]
        if each["name"] == "window"
    )
    assert re.search(window["schema"]["pattern"], "1m/20s+7s")
    assert re.search(window["schema"]["pattern"], "1h")
    assert not re.search(window["schema"]["pattern"], "1m/20s+")


def test_csv_holds_what_the_series_holds(reference):
    series = reference.api("series", id=PRODUCT, window="1m")
    got = reference.get(f"/api/v1/series.csv?id={PRODUCT}&window=1m")
    rows = list(csv.DictReader(io.StringIO(got.body.decode(), newline="")))
    assert [int(row["end_ms"]) for row in rows] == series["points"]["end_ms"]
    assert [float(row["mean"]) for row in rows] == series["points"]["mean"]
    assert [int(row["stars_5"]) for row in rows] == series["points"]["stars"][4]
    assert got.headers["content-disposition"].startswith("attachment")


def test_csv_holds_no_formula(evil):
    got = evil.get("/api/v1/series.csv?id=%3DHYPERLINK(1)")
    assert b"\r\n'=HYPERLINK(1)," in got.body
    assert b"\r\n=" not in got.body


def test_stars_over_a_span_add_up(reference):
    half = T0_MS + 125_000
    whole = reference.api("stars", id=PRODUCT)
    parts = [
        reference.api("stars", id=PRODUCT, to_ms=half),
        reference.api("stars", id=PRODUCT, from_ms=half),
    ]
    sums = [sum(pair) for pair in zip(*(part["stars"] for part in parts), strict=True)]
    assert sums == whole["stars"] == reference.api("product", id=PRODUCT)["all_stars"]


def test_the_overview_counts_every_active_product_once(reference):
    overview = reference.api("overview")
    status = reference.api("status")
    assert sum(overview["distribution"]["count"]) == status["active"]
    assert sum(each["products"] for each in overview["categories"]) == status["active"]


def test_the_books_are_told_in_numbers_and_in_a_sentence(reference):
    books = reference.api("ledger")["books"]
    assert (books["received"], books["counted"], books["balanced"]) == (252, 252, True)
    assert books["sentence"] == "252 ratings came: 252 counted."


def test_rejects_come_as_they_came_and_in_pages(evil):
    rejects = evil.api("rejects")
    assert rejects["total"] == len(rejects["rows"]) == 1
    (row,) = rejects["rows"]
    assert "<img onerror=x>" in row["text"]
    assert row["reason"] == "bad_stars"
    assert evil.api("rejects", before=row["number"])["rows"] == []
    assert evil.api("rejects", reason="unreadable")["rows"] == []


def test_late_ratings_are_listed(evil):
    late = evil.api("late")
    assert late["total"] == 1
    (row,) = late["rows"]
    assert (row["id"], row["reviewer"], row["stars"]) == (EVIL[1], "<late>", 5.0)
    assert row["event_ms"] == 1_600_000_000_000
    assert evil.api("late", before=row["number"])["rows"] == []


REFUSED = [
    ("products?x=1", "unknown"),
    ("products?limit=501", "limit must be a whole number from 1 to 500"),
    ("products?limit=0", "limit"),
    ("products?limit=1e3", "limit"),
    ("products?limit=1&limit=2", "once"),
    ("products?sort=price", "sort must be one of"),
    (f"products?q={'x' * 513}", "at most 512 characters"),
    ("products?low=nan", "low"),
    ("products?window=1", "window"),
    ("products?active=2", "active"),
    ("products?q=%ff", "UTF-8"),
    ("product", "id must be given"),
    ("series", "id must be given"),
    (f"series?id={PRODUCT}&window=7s", "cannot be put together"),
    (f"series?id={PRODUCT}&window=soon", "cannot be read"),
    (f"series?id={PRODUCT}&from_ms=2&to_ms=1", "before"),
    (f"series?id={PRODUCT}&from_ms=99999999999999999", "from_ms"),
    (f"series?id={PRODUCT}&values=some", "values"),
    ("compare?" + "&".join(f"id={at}" for at in range(7)), "6 times"),
    ("rejects?reason=boredom", "reason"),
    ("stream?view=nothing", "view"),
    ("stream?limit=201", "200"),
    ("stream?view=pipeline&limit=2", "unknown"),
    ("status?a=b", "unknown"),
]


@pytest.mark.parametrize(("asked", "why"), REFUSED)
def test_what_cannot_be_is_refused_in_one_line(reference, asked, why):
    got = reference.get(f"/api/v1/{asked}")
    assert got.status == 400, got.body
    assert why in got.json["error"]
    assert "\n" not in got.json["error"]


@pytest.mark.parametrize(
    "path",
    [
        *("product?id=nope", "series?id=nope", "stars?id=nope", "compare?id=nope"),
        *(f"compare?id={PRODUCT}&id=nope", "stream?view=product&id=nope", "nothing"),
    ],
)
def test_what_is_not_there_is_not_found(reference, path):
    got = reference.get(f"/api/v1/{path}")
    assert got.status == 404
    assert got.json["error"]


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH"])
def test_nothing_can_be_written(reference, method):
    assert reference.ask(method, "/api/v1/products").status == 405


@pytest.mark.parametrize(
    "path", ["products", "overview", f"series?id={PRODUCT}", "rejects", f"series.csv?id={PRODUCT}"]
)
def test_an_answer_that_is_held_is_not_sent_again(reference, path):
    got = reference.get(f"/api/v1/{path}")
    tag = got.headers["etag"]
    again = reference.get(f"/api/v1/{path}", if_none_match=tag)
    assert (again.status, again.body, again.headers["etag"]) == (304, b"", tag)
    for held in (tag.removeprefix("W/"), f'"other", {tag}', "*"):
        assert reference.get(f"/api/v1/{path}", if_none_match=held).status == 304
    assert reference.get(f"/api/v1/{path}", if_none_match='"other"').body == got.body


def test_a_tag_holds_for_what_is_packed_too_and_so_is_weak(reference):
    path = "/api/v1/products?limit=500"
    plain, packed = reference.get(path), reference.get(path, accept_encoding="gzip")
    assert packed.headers["content-encoding"] == "gzip"
    assert plain.headers["etag"] == packed.headers["etag"]
    assert plain.headers["etag"].startswith('W/"')
    same = reference.get(path, accept_encoding="gzip", if_none_match=plain.headers["etag"])
    assert (same.status, same.headers["vary"]) == (304, "Accept-Encoding")


@pytest.mark.parametrize(
    ("path", "status"),
    [
        *((f"{name}?id=nope", 404) for name in ("product", "series", "series.csv", "stars")),
        *((f"compare?id={PRODUCT}&id=nope", 404), ("products?window=1", 400)),
        (f"series?id={PRODUCT}&from_ms=2&to_ms=1", 400),
    ],
)
def test_who_holds_a_tag_is_told_of_a_mistake_all_the_same(reference, path, status):
    tag = reference.get("/api/v1/overview").headers["etag"]
    assert reference.get(f"/api/v1/{path}", if_none_match=tag).status == status
    assert reference.get(f"/api/v1/{path}", if_none_match="*").status == status


def test_large_answers_are_packed_for_who_takes_that(reference):
    plain = reference.get("/api/v1/products?limit=500")
    packed = reference.get("/api/v1/products?limit=500", accept_encoding="gzip")
    assert packed.headers["content-encoding"] == "gzip"
    assert gzip.decompress(packed.body) == plain.body
    assert len(packed.body) < len(plain.body) / 3
    small = reference.get("/api/v1/late", accept_encoding="gzip")
    assert "content-encoding" not in small.headers
    refused = reference.get("/api/v1/products?limit=500", accept_encoding="gzip;q=0")
    assert "content-encoding" not in refused.headers


def test_no_answer_may_be_read_as_something_else(reference):
    for path in ("/api/v1/products", "/api/v1/nothing", "/healthz", "/api/v1/products?x=1"):
        headers = reference.get(path).headers
        assert headers["x-content-type-options"] == "nosniff"
        assert "default-src 'none'" in headers["content-security-policy"]


def test_another_name_of_this_machine_is_refused(reference):
    assert reference.get("/api/v1/products", host="evil.example").status == 403
    assert reference.get("/", host="evil.example").status == 403
