"""A sending loop over an official account and a WeCom application, and who writes to them."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from handlers.delivery.sender import Sender
from storage.records import AccountRow
from tests.fakes.channel import ScriptedChannel
from tests.fakes.clock import ManualClock
from tests.fakes.sending import application, official, sender_of
from tests.fakes.stores import OpenStores, open_stores
from tests.fakes.visitors import Visitors


@pytest.fixture
async def stores(sqlite_url: str, tmp_path: Path) -> AsyncIterator[OpenStores]:
    """Return the repositories on a file."""
    opened = open_stores(sqlite_url, home=tmp_path)
    yield opened
    await opened.close()


@pytest.fixture
async def accounts(stores: OpenStores) -> dict[str, AccountRow]:
    """Return an official account and a WeCom application."""
    return await stores.accounts.bring_in(
        [("service", "wechat", "wx-realm", "服务号"), ("assistant", "wecom", "ww-realm", "助手")]
    )


@pytest.fixture
def customers(stores: OpenStores, accounts: dict[str, AccountRow], clock: ManualClock) -> Visitors:
    """Return people who write to the official account."""
    return Visitors(stores.log, accounts["service"], clock)


@pytest.fixture
def members(stores: OpenStores, accounts: dict[str, AccountRow], clock: ManualClock) -> Visitors:
    """Return members of staff, who write to the application."""
    return Visitors(stores.log, accounts["assistant"], clock)


@pytest.fixture
def channel() -> ScriptedChannel:
    """Return the channel of both accounts."""
    return ScriptedChannel()


@pytest.fixture
def sender(stores: OpenStores, accounts: dict[str, AccountRow], clock: ManualClock, channel: ScriptedChannel) -> Sender:
    """Return the sending loop of both accounts."""
    outlets = {accounts["service"].id: official(channel), accounts["assistant"].id: application(channel)}
    return sender_of(stores, clock, outlets, max_attempts=3)
