"""An insurer whose customers say what needs a person."""

from __future__ import annotations

import pytest

from tests.contract.tasks.work import Work
from tests.fakes.clock import ManualClock
from tests.fakes.firm import REALM, Firm
from tests.fakes.stores import OpenStores


@pytest.fixture
async def firm(stores: OpenStores, clock: ManualClock) -> Firm:
    """Return the insurer, its staff and its customers in the database."""
    rows = await stores.accounts.bring_in([("service", "wechat", "wx-realm", "服务号")])
    firm = Firm(stores, rows["service"], clock)
    await firm.found()
    return firm


@pytest.fixture
async def work(stores: OpenStores, firm: Firm, clock: ManualClock) -> Work:
    """Return the ticks of tasks."""
    rows = await stores.accounts.bring_in([("helper", "wecom", REALM, "助手")])
    return Work(stores, clock, rows)
