"""The flow of 2021 on a real NiFi, between HTTP edges."""

import json
import socket
from contextlib import closing
from urllib.request import Request, urlopen

import pytest
from click.testing import CliRunner

from bridge.serving import Receiver
from live.bridge import Arrived, bridge
from live.kafka_ratings import make_topic
from live.mqtt import flood
from servers.nifi import NiFi
from servers.ports import HOST, free_port
from servers.processes import wait
from starwatch.cli.main import cli
from starwatch.errors import MissingBundle, NifiFailed
from starwatch.nifi.rest import Nifi

pytestmark = pytest.mark.slow

LONG = 300.0
"""Seconds that a busy machine has for what takes one on one at rest."""


class Flow:
    """A flow in a group of its own, made by the command."""

    def __init__(self, url, group):
        self.nifi = Nifi(url)
        self.group = group
        self.port = free_port()

    @property
    def entrance(self):
        return f"http://127.0.0.1:{self.port}/ratings"

    def deploy(self, to, *more):
        words = ["--url", self.nifi.url, "--edges", "http", "--group", self.group]
        words += ["--from", self.entrance, "--to", to]
        result = CliRunner().invoke(cli, ["nifi", "deploy", *words, *more], standalone_mode=False)
        if result.exception:
            raise result.exception
        return result.stdout

    @property
    def id(self):
        told = self.nifi.ask("GET", "/flow/process-groups/root")["processGroupFlow"]["flow"]
        (found,) = [g["id"] for g in told["processGroups"] if g["component"]["name"] == self.group]
        return found

    def waiting(self, queue):
        """How many messages wait in a queue, by its name."""
        told = self.nifi.ask("GET", f"/process-groups/{self.id}/connections")["connections"]
        (found,) = [each for each in told if each["component"]["name"] == queue]
        return found["status"]["aggregateSnapshot"]["flowFilesQueued"]

    def revisions(self):
        """How often each part was changed."""
        flow = self.nifi.ask("GET", f"/flow/process-groups/{self.id}")["processGroupFlow"]["flow"]
        path = f"/flow/process-groups/{self.id}/controller-services"
        services = self.nifi.ask("GET", path)["controllerServices"]
        parts = [*flow["processors"], *flow["connections"], *services]
        return {part["id"]: part["revision"]["version"] for part in parts}

    def stop(self):
        order = {"id": self.id, "state": "STOPPED"}
        self.nifi.ask("PUT", f"/flow/process-groups/{self.id}", order)


def post(url, message):
    with urlopen(Request(url, message), timeout=60) as answer:
        assert answer.status == 200


def rating(product):
    fields = {"timestamp": 1, "reviewerID": "A1", "dummy": "", "rating": 5, "productID": product}
    return json.dumps(fields).encode()


@pytest.fixture
def flow(nifi, unique):
    flow = Flow(nifi, unique)
    yield flow
    flow.stop()  # else it would go on trying what it could not deliver


@pytest.fixture
def receiver():
    with Receiver() as receiver:
        yield receiver


def test_all_that_was_measured_comes_out_to_the_byte(flow, receiver, shared_data):
    cases = json.loads((shared_data / "nifi_convertrecord.json").read_text())
    assert len(cases) == 30
    assert "ListenHTTP → ConvertRecord → InvokeHTTP: made, runs" in flow.deploy(receiver.url)
    for case in cases:
        post(flow.entrance, case["mqtt"].encode())
    expected = [line.encode() for case in cases for line in case["kafka"]]
    wait(lambda: len(receiver.bodies) >= len(expected), LONG)
    assert receiver.bodies == expected
    refused = sum(not case["kafka"] for case in cases)
    assert wait(lambda: flow.waiting("not readable") == refused, LONG)


def test_a_second_deployment_changes_nothing(flow, receiver):
    flow.deploy(receiver.url)
    before = flow.revisions()
    assert "InvokeHTTP: was there, runs" in flow.deploy(receiver.url)
    assert flow.revisions() == before


def test_a_changed_address_is_set_and_what_waited_goes_there(flow):
    nobody = f"http://127.0.0.1:{free_port()}/lines"
    flow.deploy(nobody)
    post(flow.entrance, rating("0001"))
    assert wait(lambda: flow.waiting("again") == 1, LONG)
    with Receiver() as receiver:
        told = flow.deploy(receiver.url)
        assert "set anew (InvokeHTTP: Remote URL), runs" in told
        post(flow.entrance, rating("0002"))
        assert wait(lambda: len(receiver.bodies) >= 2, LONG)
        assert sorted(receiver.bodies) == [b"1,A1,,5,0001\n", b"1,A1,,5,0002\n"]


def test_a_changed_setting_of_a_service_is_set_back(flow, receiver):
    flow.deploy(receiver.url)
    path = f"/flow/process-groups/{flow.id}/controller-services"
    services = flow.nifi.ask("GET", path)["controllerServices"]
    (writer,) = [s for s in services if s["component"]["name"] == "CSVRecordSetWriter"]
    flow.stop()
    flow.nifi.ask("PUT", path, {"id": flow.id, "state": "DISABLED"})
    service = f"/controller-services/{writer['id']}"

    def is_now(state):
        return wait(lambda: flow.nifi.ask("GET", service)["component"]["state"] == state, LONG)

    assert is_now("DISABLED")
    other = {"id": writer["id"], "properties": {"Value Separator": ";"}}
    revision = flow.nifi.ask("GET", service)["revision"]
    flow.nifi.ask("PUT", service, {"revision": revision, "component": other})
    flow.nifi.ask("PUT", path, {"id": flow.id, "state": "ENABLED"})
    assert is_now("ENABLED")

    told = flow.deploy(receiver.url)
    assert "set anew (CSVRecordSetWriter: Value Separator), runs" in told
    post(flow.entrance, rating("0001"))
    assert wait(lambda: receiver.bodies, LONG)
    assert receiver.bodies == [b"1,A1,,5,0001\n"]


def test_what_the_receiver_cannot_take_now_is_posted_again(flow, receiver):
    flow.deploy(receiver.url)
    receiver.answers.extend([503, 429, 500])
    post(flow.entrance, rating("0001"))
    assert wait(lambda: receiver.bodies, LONG)
    assert receiver.bodies == [b"1,A1,,5,0001\n"]
    assert not receiver.answers


def test_bundles_that_it_lacks_are_named(nifi):
    words = ["nifi", "deploy", "--url", nifi]
    result = CliRunner().invoke(cli, words, standalone_mode=False)
    assert isinstance(result.exception, MissingBundle)
    assert str(result.exception) == (
        f"{nifi}, NiFi 1.18.0, has not the bundles nifi-mqtt-nar (for ConsumeMQTT) and "
        "nifi-kafka-2-6-nar (for PublishKafka_2_6). Put nifi-kafka-2-6-nar-1.18.0.nar and "
        "nifi-mqtt-nar-1.18.0.nar into its folder lib and start it again, or take HTTP, which "
        "every NiFi has: --edges http"
    )


def test_a_port_that_is_taken_is_named_and_another_one_mends_it(flow, receiver):
    free, flow.port = flow.port, int(receiver.url.split(":")[2].split("/")[0])
    with pytest.raises(NifiFailed, match=f"listens on port {flow.port} of 127.0.0.1 already"):
        flow.deploy(receiver.url)
    flow.port = free
    assert "set anew (ListenHTTP: Listening Port), runs" in flow.deploy(receiver.url)


def test_what_nifi_says_of_a_port_that_it_cannot_have_is_told(flow, receiver):
    other = socket.create_server(("127.0.0.2", flow.port))  # NiFi asks for it on all addresses
    with other, pytest.raises(NifiFailed) as error:
        flow.deploy(receiver.url)
    assert str(error.value) == (
        f"the flow does not listen at {flow.entrance}: "
        "java.net.BindException: Address already in use. "
        "Give another port: --from http://HOST:PORT/PATH"
    )


def test_a_template_that_was_imported_by_hand_is_the_same_flow(flow, receiver):
    words = ["--from", flow.entrance, "--to", receiver.url]
    printed = CliRunner().invoke(cli, ["nifi", "template", *words]).stdout
    root = flow.nifi.ask("GET", "/flow/process-groups/root")["processGroupFlow"]["id"]
    flow.nifi.upload(root, flow.group, json.loads(printed))
    assert "was there, runs" in flow.deploy(receiver.url)
    post(flow.entrance, rating("0001"))
    assert wait(lambda: receiver.bodies, LONG)
    assert receiver.bodies == [b"1,A1,,5,0001\n"]


def test_another_flow_of_that_name_is_left_alone(flow, receiver):
    root = flow.nifi.ask("GET", "/flow/process-groups/root")["processGroupFlow"]["id"]
    made = {"revision": {"version": 0}, "component": {"name": flow.group}}
    flow.nifi.ask("POST", f"/process-groups/{root}/process-groups", made)
    with pytest.raises(NifiFailed, match=r"is another flow: it has no .*\. Delete it there"):
        flow.deploy(receiver.url)


def test_between_bridges_a_killed_nifi_loses_nothing(tmp_path, servers, mosquitto, kafka, unique):
    make_topic(kafka, unique)
    node = servers.start(NiFi(port=free_port()))
    flow, behind = Flow(node.kind.address(), unique), f"http://{HOST}:{free_port()}/lines"
    flow.deploy(behind)
    broker = mosquitto.kind.port
    messages = [rating(f"{number:04}") for number in range(900)]
    wanted = {b"1,A1,,5,%04d\n" % number for number in range(900)}
    (tmp_path / "before").mkdir()
    ways = ("--from", f"mqtt://{HOST}:{broker}/ratings", "--to", flow.entrance)
    onwards = ("--from", behind, "--to", f"kafka://{kafka}/{unique}")
    with (
        closing(Arrived(kafka, unique, 1)) as arrived,
        bridge(tmp_path / "before", *ways) as first,
        bridge(tmp_path, *onwards) as second,
    ):
        first.says("is read")
        flood(broker, messages[:300])
        assert wait(lambda: arrived.values, LONG)
        flood(broker, [*messages[300:600], b"no rating"])
        node.kill()
        flood(broker, messages[600:])
        node.start(LONG)
        assert wait(lambda: arrived.values >= wanted, LONG)
        assert arrived.values == wanted
        assert wait(lambda: flow.waiting("not readable") >= 1, LONG)
        assert (first.refused.exists(), second.refused.exists()) == (False, False)
