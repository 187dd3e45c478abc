"""The checks of `boardinghouse.contrib.channels`."""

import pytest

from boardinghouse.contrib.channels import checks
from boardinghouse.contrib.channels.routing import router_of

REDIS = {
    "BACKEND": "channels_redis.core.RedisChannelLayer",
    "CONFIG": {"hosts": [{"address": "redis://127.0.0.1:6379/0", "socket_timeout": None}]},
}
IN_MEMORY = {"BACKEND": "channels.layers.InMemoryChannelLayer"}


def found(check):
    return [each.id for each in check()]


def test_no_channel_layer_is_an_error(settings):
    settings.CHANNEL_LAYERS = {}

    assert found(checks.check_channel_layer) == ["boardinghouse.E050"]


def test_a_layer_in_memory_is_a_warning_in_production(settings):
    settings.CHANNEL_LAYERS = {"default": IN_MEMORY}

    assert found(checks.check_channel_layer) == ["boardinghouse.W051"]

    settings.DEBUG = True
    assert found(checks.check_channel_layer) == []


def test_redis_is_fine(settings):
    settings.CHANNEL_LAYERS = {"default": REDIS}

    assert found(checks.check_channel_layer) == []
    assert found(checks.check_patience_with_redis) == []


ADDRESS = "redis://127.0.0.1:6379/0"


@pytest.mark.parametrize(
    ("hosts", "faults"),
    [
        ([ADDRESS], 1),
        ([("127.0.0.1", 6379)], 1),
        ([{"address": ADDRESS, "socket_timeout": 5}], 1),
        ([{"address": ADDRESS, "socket_timeout": None}, ADDRESS], 1),
        ([{"address": ADDRESS, "socket_timeout": 6}], 0),
        ([{"address": ADDRESS, "socket_timeout": None}], 0),
    ],
)
def test_a_layer_whose_connections_give_up_before_it_does_is_an_error(settings, hosts, faults):
    settings.CHANNEL_LAYERS = {"default": {**REDIS, "CONFIG": {"hosts": hosts}}}

    assert found(checks.check_patience_with_redis) == ["boardinghouse.E090"] * faults


@pytest.mark.parametrize(
    "layer", [IN_MEMORY, {"BACKEND": "channels_redis.pubsub.RedisPubSubChannelLayer"}]
)
def test_layers_that_do_not_wait_so_have_no_such_fault(settings, layer):
    settings.CHANNEL_LAYERS = {"default": layer}

    assert found(checks.check_patience_with_redis) == []


@pytest.mark.parametrize(
    "setting", ["BOARDINGHOUSE_WS_URLCONF", "BOARDINGHOUSE_WS_VISITORS_URLCONF"]
)
def test_routes_that_are_not_there_are_an_error(settings, setting):
    assert found(checks.check_urlconfs) == []

    for wrong in ("not.there", "tests.settings"):
        setattr(settings, setting, wrong)
        (error,) = checks.check_urlconfs()
        assert error.id == "boardinghouse.E052"
        assert error.msg.startswith(f"{setting}, {wrong!r}, has no routes")

    setattr(settings, setting, "tests.sockets")
    assert found(checks.check_urlconfs) == []
    router_of.cache_clear()
