"""Who sees which customers: every role, every reader, on both databases."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from handlers.people.reading import Reading
from handlers.people.rights import Forbidden
from storage.audit import Audit
from storage.customer_cards import CustomerCards
from storage.organisation import BranchRow
from storage.timeline import Timeline
from tests.fakes.clock import ManualClock
from tests.fakes.firm import BRANCHES, SEEN, STAFF, Firm, people_of
from tests.fakes.stores import OpenStores


@pytest.fixture
def reading(stores: OpenStores, clock: ManualClock) -> Reading:
    """Return the one way to read."""
    database = stores.database
    return Reading(cards=CustomerCards(database), timeline=Timeline(database), audit=Audit(database), clock=clock)


async def _seen(reading: Reading, firm: Firm, userid: str) -> set[str]:
    cards = await reading.customers(await firm.viewer(userid), limit=100)
    return {contact.person for card in cards for contact in card.contacts}


async def test_each_sees_the_customers_of_their_scope_and_no_others(reading: Reading, firm: Firm) -> None:
    assert {userid: await _seen(reading, firm, userid) for userid in SEEN} == SEEN


async def test_a_card_and_a_timeline_show_what_the_list_shows_and_nothing_beyond(reading: Reading, firm: Firm) -> None:
    for userid, seen in SEEN.items():
        viewer = await firm.viewer(userid)
        opened = {person for person, number in firm.customers.items() if await reading.customer(viewer, number)}
        assert opened == seen, userid
        if userid != "qian":  # a campaign manager reads no conversations
            read = {
                person for person, number in firm.customers.items() if await reading.timeline(viewer, number, limit=10)
            }
            assert read == seen, userid


@pytest.mark.parametrize("userid", ["admin", "zhou"])
async def test_who_may_not_see_customers_is_told_so(reading: Reading, firm: Firm, userid: str) -> None:
    with pytest.raises(Forbidden, match=r"customers\.read"):
        await reading.customers(await firm.viewer(userid), limit=10)


async def test_who_may_see_customers_need_not_be_allowed_to_read_what_they_said(reading: Reading, firm: Firm) -> None:
    with pytest.raises(Forbidden, match=r"conversations\.read"):
        await reading.timeline(await firm.viewer("qian"), firm.customers["z1"], limit=10)


async def test_every_reading_leaves_a_row_and_what_is_not_shown_leaves_none(
    reading: Reading, firm: Firm, stores: OpenStores
) -> None:
    viewer = await firm.viewer("zhang")
    await reading.customer(viewer, firm.customers["z1"])
    await reading.timeline(viewer, firm.customers["z1"], limit=10)
    await reading.customer(viewer, firm.customers["b1"])
    entries = await Audit(stores.database).entries()

    assert [(row["action"], row["subject"], row["subject_id"], row["viewer"], row["role"]) for row in entries] == [
        ("read", "conversation", firm.customers["z1"], "Zhang", "agent"),
        ("read", "customer", firm.customers["z1"], "Zhang", "agent"),
    ]


async def test_a_deputy_sees_the_customers_of_whom_they_stand_in_for_in_that_time_only(
    reading: Reading, firm: Firm, clock: ManualClock
) -> None:
    now, then = clock.now(), clock.now() + timedelta(days=1)
    zhang, sun = await firm.organisation.find("zhang"), await firm.organisation.find("sun")
    await firm.organisation.appoint(
        zhang, await firm.organisation.find("zhao"), since=now, until=now + timedelta(days=1)
    )
    await firm.organisation.appoint(sun, await firm.organisation.find("wang"), since=now, until=then)

    assert await _seen(reading, firm, "zhao") == people_of("zhao", "zhang")
    assert await _seen(reading, firm, "wang") == people_of("wang"), "a supervisor's team is not lent"
    await clock.advance(86_400)
    assert await _seen(reading, firm, "zhao") == people_of("zhao")


async def test_customers_go_with_their_agent_to_another_team(reading: Reading, firm: Firm) -> None:
    moved = [row if row.userid != "li" else replace(row, branch="北京", team="三组") for row in STAFF]
    await firm.organisation.bring_in(moved, branches=BRANCHES)

    assert await _seen(reading, firm, "sun") == people_of("zhang")
    assert await _seen(reading, firm, "li") == people_of("li")


async def test_a_branch_that_is_put_below_another_is_seen_with_it(reading: Reading, firm: Firm) -> None:
    await firm.organisation.bring_in(STAFF, branches=[*BRANCHES, BranchRow(name="北京", above="上海")])

    assert await _seen(reading, firm, "qian") == people_of("zhang", "li", "wang", "zhao")


async def test_who_has_left_sees_nothing(firm: Firm) -> None:
    zhang = await firm.organisation.find("zhang")
    await firm.organisation.bring_in([row for row in STAFF if row.userid != "zhang"], branches=BRANCHES)

    assert await firm.organisation.member(zhang, now=firm._clock.now()) is None
