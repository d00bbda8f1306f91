"""An insurer and its newsroom, as one process has them open, and as a second one has."""

from __future__ import annotations

import pytest

from tests.fakes.clock import ManualClock
from tests.fakes.firm import Firm
from tests.fakes.newsroom import Newsroom
from tests.fakes.stores import OpenStores


@pytest.fixture
async def firm(stores: OpenStores, clock: ManualClock) -> Firm:
    """Return the insurer, its staff and its customers in the database."""
    rows = await stores.accounts.bring_in([("service", "wechat", "wx-realm", "服务号")])
    firm = Firm(stores, rows["service"], clock)
    await firm.found()
    return firm


@pytest.fixture
def newsroom(stores: OpenStores, firm: Firm, clock: ManualClock) -> Newsroom:
    """Return the rooms of one process."""
    return Newsroom(stores, firm, clock, testers=("service:z1", "service:nobody", "gone:z1"))


@pytest.fixture
def other_newsroom(other_stores: OpenStores, firm: Firm, clock: ManualClock) -> Newsroom:
    """Return the rooms of a second process on the same database."""
    return Newsroom(other_stores, firm, clock)
