"""An official account and a corporation to reconcile with."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.contract.sync.house import House
from tests.fakes.clock import ManualClock
from tests.fakes.firm import REALM
from tests.fakes.stores import OpenStores


@pytest.fixture
async def house(stores: OpenStores, clock: ManualClock, tmp_path: Path) -> House:
    """Return who reconciles, with nobody known yet."""
    rows = await stores.accounts.bring_in(
        [("service", "wechat", "wx-realm", "服务号"), ("helper", "wecom", REALM, "助手")]
    )
    return House(stores, rows, clock, tmp_path)
