"""Whose customer somebody becomes: by a scanned code, by assignment, by a merge."""

from __future__ import annotations

import pytest

from content.messages import Follow
from storage.customer_cards import CustomerCards
from storage.customers import Customers
from storage.errors import OutOfScope
from storage.owners import Owners
from storage.records import AttributionDraft
from storage.viewer import COMMAND_LINE
from tests.fakes.clock import ManualClock
from tests.fakes.firm import Firm
from tests.fakes.stores import OpenStores
from tests.fakes.visitors import Visitors, lease_of, turn


async def _owner(stores: OpenStores, customer_id: int) -> str | None:
    card = await CustomerCards(stores.database).card(customer_id, viewer=COMMAND_LINE)
    assert card is not None
    return card.owner


async def _scan(stores: OpenStores, clock: ManualClock, person: str, agent: str | None) -> int:
    rows = await stores.accounts.bring_in([("service", "wechat", "wx-realm", "服务号")])
    visitors = Visitors(stores.log, rows["service"], clock, holder=f"scan-{person}-{agent}")
    followed = await visitors.do(person, Follow())
    source = AttributionDraft(scene=f"agent:{agent}", campaign=None, agent=agent)
    lease = lease_of(followed, holder=f"scan-{person}-{agent}")
    await stores.handling.finish(turn(lease, [followed.seq], "欢迎", now=clock.now(), attributions=(source,)))
    return followed.person.customer_id


async def test_the_agent_whose_code_is_scanned_first_becomes_the_owner(
    stores: OpenStores, firm: Firm, clock: ManualClock
) -> None:
    customer = await _scan(stores, clock, "new", "ZHANG")
    await _scan(stores, clock, "new", "li")
    assert await _owner(stores, customer) == "Zhang"


@pytest.mark.parametrize("agent", ["nobody", None])
async def test_a_code_of_nobody_we_know_makes_no_owner(
    stores: OpenStores, firm: Firm, clock: ManualClock, agent: str | None
) -> None:
    assert await _owner(stores, await _scan(stores, clock, "new", agent)) is None


async def test_a_supervisor_gives_customers_of_the_team_to_people_of_the_team_and_no_others(
    stores: OpenStores, firm: Firm, clock: ManualClock
) -> None:
    owners, sun = Owners(stores.database), await firm.viewer("sun")
    li, zhao = await firm.organisation.find("li"), await firm.organisation.find("zhao")
    await owners.assign(firm.customers["z1"], li, viewer=sun, now=clock.now(), cause="assigned")
    with pytest.raises(OutOfScope, match="not an active member of staff in your scope"):
        await owners.assign(firm.customers["z2"], zhao, viewer=sun, now=clock.now(), cause="assigned")
    with pytest.raises(OutOfScope, match=r"no customer [0-9]+ in your scope"):
        await owners.assign(firm.customers["b1"], li, viewer=sun, now=clock.now(), cause="assigned")

    assert [await _owner(stores, firm.customers[p]) for p in ("z1", "z2", "b1")] == ["Li", "Zhang", "Zhao"]


async def test_a_merge_keeps_the_owner_there_is(stores: OpenStores, firm: Firm, clock: ManualClock) -> None:
    customers = Customers(stores.database)
    pairs = [("nobody's", "z1"), ("l1", "w1")]
    for kept, gone in pairs:
        await customers.merge(kept=firm.customers[kept], gone=firm.customers[gone], cause="test", now=clock.now())
    assert [await _owner(stores, firm.customers[kept]) for kept, _ in pairs] == ["Zhang", "Li"]


async def test_a_merged_customer_is_found_under_the_id_it_had(
    stores: OpenStores, firm: Firm, clock: ManualClock
) -> None:
    cards = CustomerCards(stores.database)
    kept, gone = firm.customers["z1"], firm.customers["z2"]
    await Customers(stores.database).merge(kept=kept, gone=gone, cause="test", now=clock.now())
    card = await cards.card(gone, viewer=await firm.viewer("zhang"))

    assert card is not None
    assert (card.id, {contact.person for contact in card.contacts}) == (kept, {"z1", "z2"})
    assert gone not in [each.id for each in await cards.page(viewer=COMMAND_LINE, limit=100)]
