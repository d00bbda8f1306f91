"""An insurer with an official account, staff in WeCom, and a morning in the middle of a working week."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.contract.handover.house import MORNING, House
from tests.fakes.clock import ManualClock
from tests.fakes.firm import REALM, Firm
from tests.fakes.stores import OpenStores


@pytest.fixture
def clock() -> ManualClock:
    """Return a clock that stands at ten in the morning."""
    return ManualClock(MORNING)


@pytest.fixture
async def firm(stores: OpenStores, clock: ManualClock) -> Firm:
    """Return the insurer, its staff and its customers in the database."""
    accounts = [("service", "wechat", "wx-realm", "服务号"), ("helper", "wecom", REALM, "助手")]
    rows = await stores.accounts.bring_in(accounts)
    firm = Firm(stores, rows["service"], clock)
    await firm.found()
    return firm


@pytest.fixture
async def house(stores: OpenStores, firm: Firm, clock: ManualClock, tmp_path: Path) -> House:
    """Return the rooms of handovers."""
    return House(stores, clock, await stores.accounts.bring_in([]), tmp_path)
