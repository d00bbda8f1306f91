"""Looking somebody up by the platform's id."""

from __future__ import annotations

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
    elsewhere = Viewer(name="李", role="supervisor", accounts=frozenset({"second"}))
    assert await identities.find("alice", viewer=elsewhere) == []


async def test_by_unionid_every_identity_of_the_person_is_found(stores: OpenStores, visitors: Visitors) -> None:
    await visitors.say("alice", "一")
    await visitors.say("bob", "二")
    await stores.change("UPDATE identity SET union_id = 'u-1'")
    found = await Identities(stores.database).find("u-1", viewer=COMMAND_LINE)

    assert [row["person"] for row in found] == ["alice", "bob"]
