"""An insurer with people in every role, and its API."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.contract.api.served import Served
from tests.fakes.clock import ManualClock
from tests.fakes.firm import Firm
from tests.fakes.stores import OpenStores


@pytest.fixture
async def firm(stores: OpenStores, clock: ManualClock) -> Firm:
    """Return the insurer, its staff and its customers in the database."""
    rows = await stores.accounts.bring_in([("service", "wechat", "wx-realm", "服务号")])
    firm = Firm(stores, rows["service"], clock)
    await firm.found()
    return firm


@pytest.fixture
async def api(stores: OpenStores, firm: Firm, clock: ManualClock, tmp_path: Path) -> AsyncIterator[Served]:
    """Return the API of the process that has `stores` open."""
    served = Served(stores.database, clock, home=tmp_path, accounts=[firm.account])
    async with served.client:
        yield served


@pytest.fixture
async def other_api(other_stores: OpenStores, firm: Firm, clock: ManualClock, tmp_path: Path) -> AsyncIterator[Served]:
    """Return the API of a second process on the same database."""
    served = Served(other_stores.database, clock, home=tmp_path, accounts=[firm.account])
    async with served.client:
        yield served
