"""The mode for the elderly where it is kept: on every identity of a customer, read with the rest."""

from __future__ import annotations

from dataclasses import replace

import pytest

from storage.customer_cards import CustomerCards
from storage.customer_export import CustomerData
from storage.records import AccountRow, Person, Recorded
from storage.viewer import COMMAND_LINE
from tests.fakes.clock import ManualClock
from tests.fakes.stores import OpenStores
from tests.fakes.visitors import Visitors, lease_of, turn


@pytest.fixture
def members(stores: OpenStores, accounts: dict[str, AccountRow], clock: ManualClock) -> Visitors:
    """Return people who write to an account of another realm."""
    return Visitors(stores.log, accounts["assistant"], clock)


async def _say(stores: OpenStores, visitors: Visitors, clock: ManualClock, name: str, *, on: bool | None) -> Recorded:
    said = await visitors.say(name, "长辈模式")
    await stores.handling.finish(replace(turn(lease_of(said), [said.seq], now=clock.now()), elder=on))
    return said


async def _now(stores: OpenStores, visitors: Visitors, clock: ManualClock, name: str) -> Person:
    return (await _say(stores, visitors, clock, name, on=None)).person


async def test_it_is_on_from_the_next_message_until_it_is_turned_off(
    stores: OpenStores, visitors: Visitors, clock: ManualClock
) -> None:
    first = await _say(stores, visitors, clock, "alice", on=True)
    assert not first.person.elder
    assert (await _now(stores, visitors, clock, "alice")).elder
    assert not (await _now(stores, visitors, clock, "bob")).elder
    lease = lease_of(await visitors.say("alice", "在吗"))
    loaded = await stores.handling.person(lease)
    assert loaded is not None
    assert loaded.elder, "who takes the conversation over knows it too"

    await stores.handling.finish(replace(turn(lease, [4], now=clock.now()), elder=False))
    assert not (await _now(stores, visitors, clock, "alice")).elder


async def test_since_when_stays_when_it_is_said_again(
    stores: OpenStores, visitors: Visitors, clock: ManualClock
) -> None:
    began = clock.now()
    said = await _say(stores, visitors, clock, "alice", on=True)
    await clock.advance(60)
    await _say(stores, visitors, clock, "alice", on=True)
    card = await CustomerCards(stores.database).card(said.person.customer_id, viewer=COMMAND_LINE)
    assert card is not None
    assert card.elder_since == began
    kept = await CustomerData(stores.database).gather(said.person.customer_id, now=clock.now())
    assert [each["elder_since"] for each in kept["identities"]] == [began.isoformat()]


@pytest.mark.parametrize("has_it", ["alice", "alice-elsewhere"])
async def test_a_merge_keeps_it_whoever_had_it(
    stores: OpenStores, visitors: Visitors, members: Visitors, clock: ManualClock, has_it: str
) -> None:
    one = (await _say(stores, visitors, clock, "alice", on=has_it == "alice" or None)).person
    other = (await _say(stores, members, clock, "alice-elsewhere", on=has_it == "alice-elsewhere" or None)).person
    for person in (one, other):
        await stores.customers.note_union_id(identity_id=person.identity_id, union_id="u1", now=clock.now())
    assert (await _now(stores, visitors, clock, "alice")).elder
    assert (await _now(stores, members, clock, "alice-elsewhere")).elder

    # Turned off in one place it is off in the other.
    await _say(stores, visitors, clock, "alice", on=False)
    assert not (await _now(stores, members, clock, "alice-elsewhere")).elder
