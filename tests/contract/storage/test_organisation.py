"""Staff, branches and teams: brought in, moved, gone; who stands in for whom."""

from __future__ import annotations

from storage.organisation import Organisation
from storage.records import AccountRow, StaffRow
from tests.fakes.clock import ManualClock
from tests.fakes.stores import OpenStores
from tests.fakes.visitors import Visitors

_ZHANG = StaffRow(realm="ww-realm", userid="ZhangWei", name="张伟", role="agent", branch="上海分公司")


async def test_staff_are_bound_by_userid_whatever_its_case(
    stores: OpenStores, accounts: dict[str, AccountRow], clock: ManualClock
) -> None:
    await Organisation(stores.database).bring_in([_ZHANG])
    members = Visitors(stores.log, accounts["assistant"], clock)
    found = [(await members.say(name, "帮助")).person.staff for name in ("ZhangWei", "zhangwei", "lisi")]

    assert found[0] == found[1]
    assert found[0] is not None
    assert (found[0].userid, found[0].name, found[0].branch) == ("zhangwei", "张伟", "上海分公司")
    assert found[2] is None


async def test_a_userid_of_another_realm_is_nobody(stores: OpenStores, visitors: Visitors) -> None:
    await Organisation(stores.database).bring_in([_ZHANG])

    assert (await visitors.say("zhangwei", "帮助")).person.staff is None


async def test_who_is_no_longer_named_is_no_staff_until_named_again(
    stores: OpenStores, accounts: dict[str, AccountRow], clock: ManualClock
) -> None:
    members = Visitors(stores.log, accounts["assistant"], clock)
    roles = []
    for staff in ([_ZHANG], [], [StaffRow(realm="ww-realm", userid="zhangwei", name="张伟", role="admin", branch="")]):
        await Organisation(stores.database).bring_in(staff)
        bound = (await members.say("zhangwei", "我是谁")).person.staff
        roles.append(bound and bound.role)

    assert roles == ["agent", None, "admin"]
    assert await stores.count("staff") == 1
