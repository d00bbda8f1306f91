"""Looking somebody up by the platform's id."""

from __future__ import annotations

from content.rights import Scope
from storage.identities import Identities
from storage.records import AccountRow
from storage.viewer import COMMAND_LINE, Viewer
from tests.fakes.clock import ManualClock
from tests.fakes.stores import OpenStores
from tests.fakes.visitors import Visitors


async def test_an_identity_is_found_with_its_customer_and_accounts_by_whoever_sees_them(
    stores: OpenStores, visitors: Visitors, accounts: dict[str, AccountRow], clock: ManualClock
) -> None:
    said = await visitors.say("alice", "一")
    await Visitors(stores.log, accounts["second"], clock).say("bob", "二")
    identities = Identities(stores.database)
    [found] = await identities.find("alice", viewer=COMMAND_LINE)

    assert (found["customer"], found["account"], found["person"]) == (said.person.customer_id, "service", "alice")
    assert await identities.find("nobody", viewer=COMMAND_LINE) == []
    elsewhere = Viewer(name="李", role="supervisor", scope=Scope.ALL, accounts=frozenset({"second"}))
    assert await identities.find("alice", viewer=elsewhere) == []


async def test_a_userid_is_found_however_it_is_written_but_an_openid_only_as_it_is(
    stores: OpenStores, visitors: Visitors, clock: ManualClock
) -> None:
    rows = await stores.accounts.bring_in([("helper", "wecom", "ww1", "助手")])
    await Visitors(stores.log, rows["helper"], clock).say("SunLei", "一")
    await visitors.say("oAbC", "二")
    identities = Identities(stores.database)

    assert [row["person"] for row in await identities.find("sunlei", viewer=COMMAND_LINE)] == ["SunLei"]
    assert await identities.find("oabc", viewer=COMMAND_LINE) == []


async def test_by_unionid_every_identity_of_the_person_is_found(stores: OpenStores, visitors: Visitors) -> None:
    await visitors.say("alice", "一")
    await visitors.say("bob", "二")
    await stores.change("UPDATE identity SET union_id = 'u-1'")
    found = await Identities(stores.database).find("u-1", viewer=COMMAND_LINE)

    assert [row["person"] for row in found] == ["alice", "bob"]
