"""Claims: never more than the stock, never more a person than the limit, whoever claims at the same moment."""

from __future__ import annotations

import asyncio
from collections import Counter
from datetime import date
from decimal import Decimal

import pytest

from content.benefits import Benefit
from storage.benefit_claims import BenefitClaims, Granted
from storage.benefit_reserving import Refusal, Wanted
from storage.benefit_rows import last_day
from storage.customers import Customers
from storage.policy_bindings import PolicyBindings
from storage.viewer import COMMAND_LINE
from tests.contract.benefits.shelf import Shelf, authored
from tests.fakes.stores import OpenStores


async def test_a_hundred_who_claim_at_once_get_the_ten_there_are(shelf: Shelf) -> None:
    benefit = await shelf.put(units=10)
    people = await shelf.newcomers(100)
    got = await asyncio.gather(*(shelf.claim(benefit, person) for person in people))

    units = [found.unit for found in got if isinstance(found, Granted)]
    assert len(units) == len({unit.id for unit in units}) == len({unit.code for unit in units}) == 10
    assert Counter(found for found in got if isinstance(found, Refusal)) == {Refusal.SOLD_OUT: 90}
    figures = await shelf.figures(benefit)
    assert (figures.available, figures.granted, figures.total) == (0, 10, 10)


async def test_one_who_claims_ten_times_at_once_gets_one(shelf: Shelf) -> None:
    benefit = await shelf.put(units=10)
    got = await asyncio.gather(*(shelf.claim(benefit, "z1") for _ in range(10)))
    assert Counter(type(found) for found in got) == {Granted: 1, Refusal: 9}
    assert {found for found in got if isinstance(found, Refusal)} == {Refusal.PERSON_LIMIT}


async def test_the_limit_counts_everything_a_customer_claimed_whichever_identity_did(shelf: Shelf) -> None:
    benefit = await shelf.put(authored(per_person=2))
    customers = shelf.firm.customers
    await Customers(shelf.stores.database).merge(
        kept=customers["z1"], gone=customers["z2"], cause="one person", now=shelf.clock.now()
    )
    assert isinstance(await shelf.claim(benefit, "z1"), Granted)
    assert isinstance(await shelf.claim(benefit, "z2"), Granted)
    assert await shelf.claim(benefit, "z1") is Refusal.PERSON_LIMIT
    assert await shelf.claim(benefit, "z2") is Refusal.PERSON_LIMIT


async def test_without_a_limit_one_may_have_all(shelf: Shelf) -> None:
    benefit = await shelf.put(authored(per_person=None))
    got = [await shelf.claim(benefit, "z1") for _ in range(4)]
    assert [type(found) for found in got] == [Granted, Granted, Granted, Refusal]


async def test_a_turn_made_anew_gets_the_unit_it_got(shelf: Shelf) -> None:
    benefit = await shelf.put()
    first, again = [await shelf.claim(benefit, "z1", key="chat:service:9") for _ in range(2)]
    assert isinstance(first, Granted)
    assert isinstance(again, Granted)
    assert first.unit == again.unit
    assert (await shelf.figures(benefit)).granted == 1


async def test_the_same_claim_in_two_processes_at_once_is_one(shelf: Shelf) -> None:
    benefit = await shelf.put()
    got = await asyncio.gather(*(shelf.claim(benefit, "z1", key="chat:service:9") for _ in range(6)))
    assert {found.unit.id for found in got if isinstance(found, Granted)} == {1}
    assert (await shelf.figures(benefit)).granted == 1


async def test_a_holder_has_one_however_many_chats_are_bound_to_them(shelf: Shelf) -> None:
    benefit = await shelf.put(authored(per_holder=1, eligibility={"bound_policy": True}))
    bindings, now = PolicyBindings(shelf.stores.database), shelf.clock.now()
    assert await shelf.claim(benefit, "z1") is Refusal.POLICY
    for person in ("z1", "z2", "l1"):
        holder = "H2" if person == "l1" else "H1"
        await bindings.bind(shelf.firm.customers[person], holder, cause="chat", now=now)
    got = await asyncio.gather(shelf.claim(benefit, "z1"), shelf.claim(benefit, "z2"))
    assert Counter(type(found) for found in got) == {Granted: 1, Refusal: 1}
    assert Refusal.HOLDER_LIMIT in got
    assert isinstance(await shelf.claim(benefit, "l1"), Granted)


async def test_what_is_spent_is_never_above_the_cap_also_at_once(shelf: Shelf) -> None:
    benefit = await shelf.put(authored(cost=Decimal("180.00"), spend_cap=Decimal("899.99")), units=20)
    people = await shelf.newcomers(20)
    got = await asyncio.gather(*(shelf.claim(benefit, person) for person in people))
    assert Counter(type(found) for found in got) == {Granted: 4, Refusal: 16}
    assert {found for found in got if isinstance(found, Refusal)} == {Refusal.SPEND_CAP}


REFUSED: dict[str, tuple[Benefit, Refusal]] = {
    "not begun": (authored(valid_from=date(2026, 5, 7)), Refusal.NOT_BEGUN),
    "over": (authored(valid_until=date(2026, 5, 5)), Refusal.OVER),
    "another account": (authored(eligibility={"accounts": ["other"]}), Refusal.ACCOUNT),
    "no consent": (authored(eligibility={"consents": ["marketing"]}), Refusal.CONSENT),
    "no policy": (authored(eligibility={"bound_policy": True}), Refusal.POLICY),
}


@pytest.mark.parametrize(("benefit", "refusal"), REFUSED.values(), ids=REFUSED)
async def test_who_is_not_eligible_gets_none_and_is_told_why(shelf: Shelf, benefit: Benefit, refusal: Refusal) -> None:
    row = await shelf.put(benefit)
    assert await shelf.claim(row, "z1") is refusal
    assert (await shelf.figures(row)).available == 3


async def test_the_last_day_counts_and_one_that_is_granted_ends_with_its_last_day(shelf: Shelf) -> None:
    today = date(2026, 5, 6)
    last = await shelf.put(authored("a", valid_from=today, valid_until=today, valid_days=90))
    ninety = await shelf.put(authored("b", valid_days=90))
    for_ever = await shelf.put(authored("c"))
    ends = [(await shelf.granted(benefit, "z1")).unit.expires_at for benefit in (last, ninety, for_ever)]
    assert [None if end is None else last_day(end) for end in ends] == [today, date(2026, 8, 4), None]


async def test_one_that_is_said_to_end_with_the_last_day_of_all_never_ends(shelf: Shelf) -> None:
    benefit = await shelf.put(authored(valid_until=date.max))
    assert (await shelf.granted(benefit, "z1")).unit.expires_at is None
    short = await shelf.put(authored("short", valid_until=date.max, valid_days=1))
    assert (await shelf.granted(short, "z1")).unit.expires_at is not None


async def test_a_closed_one_cannot_be_claimed_and_what_was_claimed_stays(shelf: Shelf) -> None:
    benefit = await shelf.put()
    await shelf.granted(benefit, "z1")
    assert await shelf.catalogue.open(benefit.id, on=False, viewer=COMMAND_LINE, now=shelf.clock.now())
    assert await shelf.claim(benefit, "z2") is Refusal.CLOSED
    mine = await shelf.claims.of(await shelf.identity("z1"), now=shelf.clock.now())
    assert [each.benefit.key for each in mine] == ["checkup"]


async def test_two_connections_to_the_database_share_the_stock(shelf: Shelf, other_stores: OpenStores) -> None:
    benefit = await shelf.put(units=10)
    people = await shelf.newcomers(40)
    claims = [shelf.claims, BenefitClaims(other_stores.database)]

    async def claim(number: int, person: str) -> Granted | Refusal:
        wanted = Wanted(benefit_id=benefit.id, identity_id=await shelf.identity(person), account="service")
        return await claims[number % 2].claim(wanted, key=f"chat:service:{number}", now=shelf.clock.now())

    got = await asyncio.gather(*(claim(number, person) for number, person in enumerate(people)))
    assert Counter(type(found) for found in got) == {Granted: 10, Refusal: 30}
