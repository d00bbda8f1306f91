"""Joining the identities of one person over a real database, and leaving a platform alone that refuses to tell."""

from __future__ import annotations

import pytest

from handlers.delivery.errors import ChannelError, Misconfigured, RetryLater
from handlers.profiles.unions import Unions
from tests.fakes.clock import ManualClock
from tests.fakes.stores import OpenStores
from tests.fakes.visitors import Visitors


class Register:
    """A platform's register that knows everybody by one unionid, or refuses."""

    def __init__(self, error: ChannelError | None = None) -> None:
        self.error = error
        self.asked: list[str] = []

    async def user_info(self, openid: str) -> str | None:
        self.asked.append(openid)
        if self.error is not None:
            raise self.error
        return "union-1"


@pytest.fixture
async def met(stores: OpenStores, clock: ManualClock) -> OpenStores:
    """Return the stores after one person of each of two realms wrote."""
    rows = await stores.accounts.bring_in([("one", "wechat", "wx-1", "一"), ("two", "wechat", "wx-2", "二")])
    for name in rows:
        await Visitors(stores.log, rows[name], clock).say(f"person-{name}", "你好")
    return stores


async def test_a_realm_that_may_not_be_read_is_asked_once_an_hour_and_holds_no_other(
    met: OpenStores, clock: ManualClock
) -> None:
    refusing, willing = Register(Misconfigured("48001: api unauthorized")), Register()
    unions = Unions(met.customers, {"wx-1": refusing, "wx-2": willing}, clock=clock)
    asked = [await unions.join()]
    for _ in range(5):
        await clock.advance(2)
        asked.append(await unions.join())
    in_between = len(refusing.asked)
    await clock.advance(3600)
    refusing.error = None
    asked.append(await unions.join())

    assert asked == [1, 0, 0, 0, 0, 0, 1]
    assert (in_between, len(refusing.asked), len(willing.asked)) == (1, 2, 1)
    customers = await met.rows("SELECT DISTINCT customer_id FROM identity")
    assert len(customers) == 1


async def test_a_busy_platform_is_asked_again_at_the_next_tick(met: OpenStores, clock: ManualClock) -> None:
    busy = Register(RetryLater("busy"))
    unions = Unions(met.customers, {"wx-1": busy}, clock=clock)
    for _ in range(3):
        await unions.join()
        await clock.advance(2)

    assert len(busy.asked) == 3
