"""The bounds of the HTTP door: code and settings have the same defaults, each key reaches them."""

from dataclasses import asdict

import pytest

from http_door.served import ONE, served
from starwatch.cli.http_serving import door_limits, server_limits
from starwatch.page.serving import ServerLimits
from starwatch.settings.http_section import HttpSection
from starwatch.sources.http_door.limits import DoorLimits

OTHER = {
    "body_size": "1kB",
    "body_ratings": 2,
    "body_timeout": "3s",
    "waiting_size": "4KiB",
    "commit_timeout": "500ms",
    "start_timeout": "6s",
    "idempotency_keys": 7,
    "idempotency_age": "8h",
    "connections": 9,
    "header_size": "10kB",
    "header_timeout": "11s",
    "idle_timeout": "11500ms",
    "drain_timeout": "13s",
}
"""Each another one than the default."""


def test_the_defaults_of_the_settings_are_those_of_the_code():
    assert door_limits(HttpSection()) == DoorLimits()
    assert server_limits(HttpSection()) == ServerLimits()


def test_every_key_sets_its_bound():
    http = HttpSection(**OTHER)
    assert asdict(door_limits(http)) == {
        "body_bytes": 1000,
        "lines": 2,
        "start_seconds": 6,
        "read_seconds": 3,
        "waiting_bytes": 4096,
        "commit_seconds": 0.5,
        "keys": 7,
        "key_hours": 8,
    }
    assert asdict(server_limits(http)) == {
        "connections": 9,
        "header_bytes": 10_000,
        "header_seconds": 11,
        "idle_seconds": 12,
        "drain_seconds": 13,
    }
    bounds = HttpSection.model_fields.keys() - {
        "enabled",
        "host",
        "port",
        "path",
        "token",
        "prefix",
    }
    assert bounds == OTHER.keys()


@pytest.mark.parametrize(("number", "status"), [(2, 200), (3, 413)])
def test_what_is_set_is_what_a_client_meets(tmp_path, number, status):
    http = HttpSection(**OTHER)
    with served(tmp_path, limits=door_limits(http), server_limits=server_limits(http)) as door:
        assert door.post([ONE] * number).status == status
