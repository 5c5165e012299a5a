"""What stands in the HTML alone, before any script runs."""

from urllib.parse import quote

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


def test_with_scripts_the_same_numbers_stay(reference, look):
    tab = look(reference)
    tab.page.goto(reference.url, wait_until="commit")
    tab.ready()
    tab.live()
    answer = reference.api("products")
    assert [row["id"] for row in tab.rows()] == answer["rows"]["id"][: len(tab.rows())]
