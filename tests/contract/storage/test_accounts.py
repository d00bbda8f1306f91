"""Accounts, as the settings name them."""

from __future__ import annotations

import pytest

from storage.errors import StorageError
from storage.records import AccountRow
from tests.fakes.stores import OpenStores
from tests.fakes.visitors import Visitors

_SERVICE = ("service", "wechat", "wx-realm", "服务号")


async def test_accounts_are_made_once_and_their_titles_refreshed(stores: OpenStores) -> None:
    first = await stores.accounts.bring_in([_SERVICE])
    again = await stores.accounts.bring_in([(*_SERVICE[:3], "新名字")])

    assert again["service"] == AccountRow(
        id=first["service"].id, name="service", channel="wechat", realm="wx-realm", title="新名字"
    )
    assert await stores.count("account") == 1


async def test_an_account_that_is_no_longer_named_keeps_its_log(stores: OpenStores, visitors: Visitors) -> None:
    await visitors.say("alice", "你好")
    rows = await stores.accounts.bring_in([("other", "wechat", "wx-2", "别的")])

    assert "service" in rows
    assert (await stores.one("SELECT last_seq FROM account WHERE name = 'service'"))["last_seq"] == 1


@pytest.mark.parametrize("changed", [("service", "wecom", "wx-realm", "改"), ("service", "wechat", "wx-other", "改")])
async def test_an_account_cannot_become_another(stores: OpenStores, changed: tuple[str, str, str, str]) -> None:
    await stores.accounts.bring_in([_SERVICE])
    with pytest.raises(StorageError, match="give the new account a name of its own"):
        await stores.accounts.bring_in([changed])

    assert await stores.one("SELECT channel, realm, title FROM account") == {
        "channel": "wechat",
        "realm": "wx-realm",
        "title": "服务号",
    }
