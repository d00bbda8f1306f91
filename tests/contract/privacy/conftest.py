"""A process in whose database a marked person wrote."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.contract.privacy.marked import Marked
from tests.fakes.clock import ManualClock
from tests.fakes.stores import OpenStores


@pytest.fixture
async def marked(stores: OpenStores, clock: ManualClock, tmp_path: Path) -> Marked:
    """Return it."""
    accounts = await stores.accounts.bring_in([("service", "wechat", "wx-realm", "服务号")])
    return Marked(stores, accounts, clock, tmp_path)
