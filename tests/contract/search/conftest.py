"""An insurer whose log is indexed when a test says so."""

from __future__ import annotations

import pytest

from tests.fakes.clock import ManualClock
from tests.fakes.firm import Firm
from tests.fakes.searched_log import SearchedLog
from tests.fakes.stores import OpenStores


@pytest.fixture
async def firm(stores: OpenStores, clock: ManualClock) -> Firm:
    """Return the insurer, its staff and its customers in the database."""
    rows = await stores.accounts.bring_in([("service", "wechat", "wx-realm", "服务号")])
    firm = Firm(stores, rows["service"], clock)
    await firm.found()
    return firm


@pytest.fixture
async def library(stores: OpenStores, clock: ManualClock) -> SearchedLog:
    """Return two accounts that people write to, and the index over what they say."""
    rows = await stores.accounts.bring_in(
        [("service", "wechat", "wx-realm", "服务号"), ("second", "wechat", "wx-realm", "第二个号")]
    )
    return SearchedLog(stores, rows, clock)
