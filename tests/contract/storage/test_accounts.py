"""Accounts and staff, as the settings name them."""

from __future__ import annotations

import pytest

from storage.errors import StorageError
from storage.records import AccountRow, StaffRow
from tests.fakes.clock import ManualClock
from tests.fakes.stores import OpenStores
from tests.fakes.visitors import Visitors

_SERVICE = ("service", "wechat", "wx-realm", "服务号")
_ZHANG = StaffRow(realm="ww-realm", userid="ZhangWei", name="张伟", role="agent", branch="上海分公司")


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


async def test_staff_are_bound_by_userid_whatever_its_case(
    stores: OpenStores, accounts: dict[str, AccountRow], clock: ManualClock
) -> None:
    await stores.accounts.bring_in_staff([_ZHANG])
    members = Visitors(stores.log, accounts["assistant"], clock)
    found = [(await members.say(name, "帮助")).person.staff for name in ("ZhangWei", "zhangwei", "lisi")]

    assert found[0] == found[1]
    assert found[0] is not None
    assert (found[0].userid, found[0].name, found[0].branch) == ("zhangwei", "张伟", "上海分公司")
    assert found[2] is None


async def test_a_userid_of_another_realm_is_nobody(stores: OpenStores, visitors: Visitors) -> None:
    await stores.accounts.bring_in_staff([_ZHANG])

    assert (await visitors.say("zhangwei", "帮助")).person.staff is None


async def test_who_is_no_longer_named_is_no_staff_until_named_again(
    stores: OpenStores, accounts: dict[str, AccountRow], clock: ManualClock
) -> None:
    members = Visitors(stores.log, accounts["assistant"], clock)
    roles = []
    for staff in ([_ZHANG], [], [StaffRow(realm="ww-realm", userid="zhangwei", name="张伟", role="admin", branch="")]):
        await stores.accounts.bring_in_staff(staff)
        bound = (await members.say("zhangwei", "我是谁")).person.staff
        roles.append(bound and bound.role)

    assert roles == ["agent", None, "admin"]
    assert await stores.count("staff") == 1
