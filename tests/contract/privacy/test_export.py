"""What customers get of their own data: everything that is kept about them, after any number of joins."""

from __future__ import annotations

from storage.customer_export import CustomerData
from storage.handovers import Handovers
from storage.policy_bindings import PolicyBindings
from storage.tables.handover import HandoverState
from tests.contract.privacy.marked import PERSON, Marked


async def test_tags_handovers_and_bindings_to_policies_are_among_it(marked: Marked) -> None:
    customer, now = await marked.say("你好"), marked.clock.now()
    place = await marked.stores.one("SELECT account_id, identity_id FROM reach")
    await marked.stores.change(
        "INSERT INTO tag (account_id, tag_id, name) VALUES (:account_id, 7, '车险')", **_one(place)
    )
    await marked.stores.change(
        "INSERT INTO identity_tag (account_id, tag_id, identity_id) VALUES (:account_id, 7, :identity_id)", **place
    )
    await Handovers(marked.stores.database).open(**place, seq=1, state=HandoverState.WAITING, now=now)
    await PolicyBindings(marked.stores.database).bind(customer, "H1", cause="chat", now=now)
    found = await CustomerData(marked.stores.database).gather(customer, now=now)

    assert found["tags"] == [{"title": "服务号", "name": "车险"}]
    [handover], [policy] = found["handovers"], found["policies"]
    assert (handover["opened_at"], handover["satisfaction"]) == (now.isoformat(), None)
    assert (policy["holder"], policy["bound_at"], policy["unbound_at"]) == ("H1", now.isoformat(), None)


async def test_a_link_is_good_after_two_joins(marked: Marked) -> None:
    customers = [await marked.say("你好", person=person) for person in ("first", "second", PERSON)]
    url = await marked.own_data.link(customers[2])
    for kept, gone in ((customers[1], customers[2]), (customers[0], customers[1])):
        await marked.stores.customers.merge(kept=kept, gone=gone, cause="c", now=marked.clock.now())
    found = await marked.own_data.download((url or "").rpartition("/")[2])

    assert found is not None
    assert found["customer"] == customers[0]
    assert {each["external_id"] for each in found["identities"]} == {"first", "second", PERSON}


def _one(place: dict[str, int]) -> dict[str, int]:
    return {"account_id": place["account_id"]}
