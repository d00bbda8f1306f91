"""Two accounts of one realm, and who writes to the first."""

from __future__ import annotations

import pytest

from storage.records import AccountRow
from tests.fakes.clock import ManualClock
from tests.fakes.stores import OpenStores
from tests.fakes.visitors import Visitors


@pytest.fixture
async def accounts(stores: OpenStores) -> dict[str, AccountRow]:
    """Return the served accounts by name: two of one realm, one of another."""
    return await stores.accounts.bring_in(
        [
            ("service", "wechat", "wx-realm", "服务号"),
            ("second", "wechat", "wx-realm", "第二个号"),
            ("assistant", "wecom", "ww-realm", "助手"),
        ]
    )


@pytest.fixture
def account(accounts: dict[str, AccountRow]) -> AccountRow:
    """Return the official account."""
    return accounts["service"]


@pytest.fixture
def visitors(stores: OpenStores, account: AccountRow, clock: ManualClock) -> Visitors:
    """Return people who write to the official account."""
    return Visitors(stores.log, account, clock)
