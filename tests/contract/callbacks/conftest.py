"""An insurer with people in every role, whose policies wait for their call-back."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.contract.callbacks.caller import Caller
from tests.contract.handover.house import MORNING, House
from tests.fakes.clock import ManualClock
from tests.fakes.firm import REALM, Firm
from tests.fakes.stores import OpenStores
from tests.fakes.visitors import LEASE, turn


@pytest.fixture
def clock() -> ManualClock:
    """Return a clock that stands at ten in the morning."""
    return ManualClock(MORNING)


@pytest.fixture
async def firm(stores: OpenStores, clock: ManualClock) -> Firm:
    """Return the insurer, its staff and its customers in the database."""
    rows = await stores.accounts.bring_in(
        [("service", "wechat", "wx-realm", "服务号"), ("helper", "wecom", REALM, "助手")]
    )
    firm = Firm(stores, rows["service"], clock)
    await firm.found()
    return firm


@pytest.fixture
async def caller(stores: OpenStores, firm: Firm, clock: ManualClock, tmp_path: Path) -> Caller:
    """Return the bot over the insurer's policies."""
    rows = await stores.accounts.bring_in([])
    # What made them customers is answered, so that what they write next is a turn of its own.
    await stores.handling.release_all(now=clock.now())
    now, numbers = clock.now(), [row.id for row in rows.values()]
    found = await stores.handling.claim_abandoned(accounts=numbers, holder="web", now=now, until=now + LEASE, limit=100)
    for lease, items in found:
        await stores.handling.finish(turn(lease, [item.seq for item in items], now=now))
    return Caller(House(stores, clock, rows, tmp_path, keeps_replies=True), firm)
