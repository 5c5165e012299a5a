"""What stands in the HTML alone, before any script runs."""

from urllib.parse import quote, urlencode

from browser.expected import means

PRODUCT = "0000589012"


def test_without_scripts_the_overview_has_its_numbers(reference, look):
    tab = look(reference, java_script_enabled=False)
    tab.page.goto(reference.url)
    answer = reference.api("products")
    assert tab.all(".c-name a")[:20] == answer["rows"]["id"][:20]
    assert tab.all(".row .c-mean")[:20] == means(answer["rows"]["stars"])[:20]
    assert "252 ratings came: 252 counted." in tab.text("[data-figure=sentence]")


def test_without_scripts_a_product_has_its_numbers(reference, look):
    tab = look(reference, java_script_enabled=False)
    tab.page.goto(f"{tab.url}/product?id={quote(PRODUCT)}")
    assert tab.text("[data-field=all-mean]") == "4.10"
    assert tab.text("[data-field=all-words]") == "29 ratings"
    assert tab.text("h1") == PRODUCT


def test_without_scripts_compared_products_have_their_names_and_numbers(shop, look):
    tab = look(shop, java_script_enabled=False)
    best = shop.api("products", sort="-all_count", limit=3)["rows"]
    tab.page.goto(f"{tab.url}/compare?{urlencode({'id': best['id']}, doseq=True)}")
    assert all(best["name"])
    assert tab.all(".compared th a") == best["name"]
    assert tab.all(".compared th .sub") == best["id"]
    assert tab.all(".compared [data-read=all]") == [
        f"{mean} of {count:,} ratings"
        for mean, count in zip(means(best["all_stars"]), best["all_count"], strict=True)
    ]


def test_with_scripts_names_that_came_with_the_page_are_not_asked_for_again(shop, look):
    tab = look(shop)
    asked = []
    tab.page.on("request", lambda request: asked.append(request.url))
    best = shop.api("products", sort="-all_count", limit=2)["rows"]
    tab.open(f"/compare?{urlencode({'id': best['id']}, doseq=True)}").live()
    assert tab.all(".compared th a") == best["name"]
    assert not any("/api/v1/product?" in url for url in asked), asked


def test_with_scripts_the_same_numbers_stay(reference, look):
    tab = look(reference)
    tab.page.goto(reference.url, wait_until="commit")
    tab.ready()
    tab.live()
    answer = reference.api("products")
    assert [row["id"] for row in tab.rows()] == answer["rows"]["id"][: len(tab.rows())]
