"""A merge undone: both customers are as they were."""

from __future__ import annotations

import pytest

from storage.customer_cards import CustomerCards
from storage.customers import Customers
from storage.errors import StorageError
from storage.unmerge import Unmerge
from storage.viewer import COMMAND_LINE
from tests.fakes.clock import ManualClock
from tests.fakes.firm import EVERYBODY, Firm
from tests.fakes.stores import OpenStores


async def _people(stores: OpenStores) -> dict[int, tuple[str | None, set[str]]]:
    cards = await CustomerCards(stores.database).page(viewer=COMMAND_LINE, limit=100)
    return {card.id: (card.owner, {contact.person for contact in card.contacts}) for card in cards}


@pytest.mark.parametrize("pair", [("z1", "l1"), ("nobody's", "z1"), ("z1", "nobody's")])
async def test_a_merge_undone_leaves_everybody_as_before(
    stores: OpenStores, firm: Firm, clock: ManualClock, pair: tuple[str, str]
) -> None:
    before = await _people(stores)
    kept, gone = (firm.customers[person] for person in pair)
    await Customers(stores.database).merge(kept=kept, gone=gone, cause="a mistake", now=clock.now())
    between = await _people(stores)
    had = await Unmerge(stores.database).undo(gone, cause="two people", now=clock.now())

    assert had == kept
    assert gone not in between
    assert await _people(stores) == before
    assert set.union(*(people for _, people in before.values())) == EVERYBODY


async def test_it_can_be_merged_and_undone_again(stores: OpenStores, firm: Firm, clock: ManualClock) -> None:
    kept, gone = firm.customers["z1"], firm.customers["l1"]
    before = await _people(stores)
    for _ in range(2):
        await Customers(stores.database).merge(kept=kept, gone=gone, cause="a mistake", now=clock.now())
        await Unmerge(stores.database).undo(gone, cause="two people", now=clock.now())
    assert await _people(stores) == before


async def test_of_a_chain_of_merges_the_one_that_is_named_is_undone(
    stores: OpenStores, firm: Firm, clock: ManualClock
) -> None:
    customers = Customers(stores.database)
    a, b, c = (firm.customers[person] for person in ("z1", "l1", "w1"))
    await customers.merge(kept=b, gone=c, cause="1", now=clock.now())
    await customers.merge(kept=a, gone=b, cause="2", now=clock.now())
    await Unmerge(stores.database).undo(b, cause="3", now=clock.now())

    people = await _people(stores)
    assert (people[a][1], people[b][1]) == ({"z1"}, {"l1", "w1"})


async def test_who_was_not_merged_and_who_is_one_by_unionid_stay_as_they_are(
    stores: OpenStores, firm: Firm, clock: ManualClock
) -> None:
    unmerge = Unmerge(stores.database)
    with pytest.raises(StorageError, match="is not merged"):
        await unmerge.undo(firm.customers["z1"], cause="?", now=clock.now())
    kept, gone = firm.customers["z1"], firm.customers["z2"]
    await Customers(stores.database).merge(kept=kept, gone=gone, cause="unionid", now=clock.now())
    with pytest.raises(StorageError, match="by their unionid"):
        await unmerge.undo(gone, cause="?", now=clock.now())
