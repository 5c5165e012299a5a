"""The flow definition, beside the one that NiFi 1.18 exported of the flow of 2021."""

import json

import pytest

from starwatch.nifi.definition import definition
from starwatch.nifi.edges import USUAL
from starwatch.nifi.flow import ratings_flow

OTHER_ON_PURPOSE = {
    "ConsumeMQTT": {"Broker URI", "Topic Filter"}
    | {"Quality of Service(QoS)", "Client ID", "Session state"},  # it may lose nothing
    "PublishKafka_2_6": {"bootstrap.servers", "topic"},
    "CSVRecordSetWriter": {"schema-text"},
}
"""Settings in which ours is not that of 2021."""


def contents(edges, **more):
    flow, _ = ratings_flow(*USUAL[edges], "Starwatch")
    return definition(flow, **more)["flowContents"]


def parts(flow):
    return [*flow["processors"], *flow["controllerServices"]]


def kind(part):
    return part["type"].rpartition(".")[2]


@pytest.fixture
def of_2021(shared_data):
    flow = json.loads((shared_data / "nifi_flow_2021.json").read_text())["flowContents"]
    return {kind(part): part for part in parts(flow)}


def test_it_has_the_parts_of_2021(of_2021):
    ours = {kind(part): (part["type"], part["bundle"]) for part in parts(contents("mqtt"))}
    assert ours == {name: (part["type"], part["bundle"]) for name, part in of_2021.items()}


def test_it_has_the_settings_of_2021(of_2021):
    ids = {part["identifier"]: part["name"] for part in parts(contents("mqtt"))}
    before = {part["identifier"]: part["name"] for part in of_2021.values()}
    for part in parts(contents("mqtt")):
        then = of_2021[kind(part)]["properties"]
        assert part["properties"].keys() <= then.keys()  # NiFi would take others for its user's own
        differ = {
            name
            for name, value in part["properties"].items()
            if ids.get(value, value) != before.get(then[name], then[name])
        }
        assert differ == OTHER_ON_PURPOSE.get(kind(part), set())


def test_it_writes_the_columns_of_2021(of_2021):
    def columns(part):
        return [
            (field["name"], field["type"])
            for field in json.loads(part["properties"]["schema-text"])["fields"]
        ]

    (ours,) = [part for part in parts(contents("mqtt")) if kind(part) == "CSVRecordSetWriter"]
    assert columns(ours) == columns(of_2021["CSVRecordSetWriter"])


@pytest.mark.parametrize("edges", ["mqtt", "http"])
def test_every_relationship_leads_somewhere_and_none_to_nothing(edges):
    flow = contents(edges)
    told = {
        "ConsumeMQTT": {"Message", "parse.failure"},
        "ListenHTTP": {"success"},
        "ConvertRecord": {"success", "failure"},
        "PublishKafka_2_6": {"success", "failure"},
        "InvokeHTTP": {"Original", "Response", "Retry", "No Retry", "Failure"},
    }
    ended = {"parse.failure", "Original", "Response"}
    for step in flow["processors"]:
        ways = {
            relationship
            for connection in flow["connections"]
            if connection["source"]["id"] == step["identifier"]
            for relationship in connection["selectedRelationships"]
        }
        last = {"success"} if kind(step) == "PublishKafka_2_6" else set()
        assert set(step["autoTerminatedRelationships"]) == told[kind(step)] & (ended | last)
        assert ways == told[kind(step)] - ended - last


def test_names_of_ids_are_those_of_parts():
    flow = contents("http")
    known = {part["identifier"] for part in [*parts(flow), *flow["funnels"]]}
    ends = [each[end] for each in flow["connections"] for end in ("source", "destination")]
    assert {end["id"] for end in ends} <= known
    assert len(known) == 6


def test_the_bundles_are_in_the_version_that_a_nifi_has():
    versions = {"nifi-standard-nar": "1.28.1"}
    artifacts = {part["bundle"]["artifact"]: part["bundle"] for part in parts(contents("http"))}
    assert artifacts["nifi-standard-nar"]["version"] == "1.18.0"
    asked = {p["bundle"]["version"] for p in contents("http", versions=versions)["processors"]}
    assert asked == {"1.28.1"}
