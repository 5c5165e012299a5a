"""A NiFi put together from Maven's parts."""

import json
import os
from urllib.request import urlopen

import pytest

from browser.tab import browsing
from servers.nifi import nar


def told(url, what):
    with urlopen(f"{url}/nifi-api/flow/{what}", timeout=60) as answer:
        return json.load(answer)


@pytest.mark.slow
def test_it_is_1_18_with_the_processors_and_services_of_a_flow(nifi):
    assert told(nifi, "about")["about"]["version"] == "1.18.0"
    processors = {known["type"] for known in told(nifi, "processor-types")["processorTypes"]}
    standard = "org.apache.nifi.processors.standard."
    assert processors > {f"{standard}{name}" for name in ("ListenHTTP", "ConvertRecord")}
    services = told(nifi, "controller-service-types")["controllerServiceTypes"]
    packed = {
        known["type"].rpartition(".")[2]
        for known in services
        if known["bundle"]["artifact"] == "nifi-record-serialization-services-nar"
    }
    assert packed > {"JsonTreeReader", "CSVRecordSetWriter"}


@pytest.mark.slow
def test_its_page_shows_the_canvas(nifi):
    with browsing() as browser, browser.new_context() as context:
        page = context.new_page()
        page.goto(f"{nifi}/nifi/", timeout=120_000)
        page.wait_for_selector("#canvas-container svg", timeout=120_000)
        page.wait_for_selector("#splash", state="hidden", timeout=120_000)
        assert page.locator("#breadcrumbs").inner_text().strip() == "NiFi Flow"
        assert not page.get_by_text("unexpected error").count()


def test_the_same_parts_are_packed_to_the_same_bytes(tmp_path):
    part = tmp_path / "part.jar"
    part.write_bytes(b"a jar")
    nar.pack([part], tmp_path / "one.nar")
    os.utime(part, (1, 1))
    nar.pack([part], tmp_path / "two.nar")
    assert (tmp_path / "one.nar").read_bytes() == (tmp_path / "two.nar").read_bytes()
