"""The checks of `boardinghouse.contrib.channels`."""

import pytest

from boardinghouse.contrib.channels import checks
from boardinghouse.contrib.channels.routing import router_of

REDIS = {"BACKEND": "channels_redis.core.RedisChannelLayer"}
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
